// Keeps songs near the usual loudness of the training music.
//
//   x(vN) -= strength ((N - usual) / 20)^2
//
// A model stays as loud as it begins, since each note is most likely as loud as those before; real songs approach each
// other in their first minute. A strength that hardly changes a single choice adds up over a hundred notes: with 0.1
// mean velocities are 81 +- 9.6, without 80 +- 12, in real songs 81 +- 9.4 (docs/experiments.md).
#pragma once

#include <optional>

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct VelocityPrior {
  std::optional<int> usual{};  ///< 1..127, such as MusicProfile::usual_velocity; none: no effect
  float strength = 0;          ///< 0: no effect; at most 10

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "velocity_prior.ipp"
#endif
