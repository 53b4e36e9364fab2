// Keeps a song in the key that it is in: pitch classes that it has hardly had of late become less likely.
//
//   share_c = (w_c + 1) / (sum w + 12)    w_c: the notes of pitch class c so far; a note weighs 0.9965 of the next, so
//                                         half as much 200 notes later
//   bias_c  = strength min(0, log(24 share_c))
//
// A wrong note is a reason for the next one, and a model that writes for a minute wanders from key to key, where real
// songs stay. Truncating the choice harder keeps it from that at the price of duller melodies; this asks only what the
// song itself has had (as cache language models do: Kuhn, De Mori 1990). A class with half of an equal share or more is
// as likely as the model says: a key's own notes are not made more alike.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// A copy is a snapshot; nothing allocates.
class KeyMemory {
 public:
  /// @param pitch  0..127
  void follow(int pitch) {
    for (double& weight : weights_) weight *= kept;
    weights_[static_cast<std::size_t>(pitch % 12)] += 1;
  }

  /// What is to be added to the logits of a pitch class's notes: 0 or less.
  std::array<float, 12> bias(float strength) const {
    const double sum = std::accumulate(weights_.begin(), weights_.end(), 12.0);
    std::array<float, 12> all{};
    for (std::size_t c = 0; c < 12; ++c)
      all[c] = strength * static_cast<float>(std::min(0.0, std::log(24 * (weights_[c] + 1) / sum)));
    return all;
  }

 private:
  static constexpr double kept = 0.9965;
  std::array<double, 12> weights_{};
};

}  // namespace musicgen::inline MUSICGEN_ABI
