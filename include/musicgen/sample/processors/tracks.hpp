// Only notes on some of the tracks.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>

#include "../../core/config.hpp"
#include "../../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The grammar looks ahead; tracks that are changed while a stream plays apply from the next note on.
class Tracks {
 public:
  /// @param tracks  0..15, as in notes and tokens; other numbers are ignored
  explicit Tracks(std::initializer_list<int> tracks) : Tracks(std::span(tracks.begin(), tracks.size())) {}
  explicit Tracks(std::span<const int> tracks) {
    for (const int k : tracks)
      if (k >= 0 && k < track_count) wanted_[static_cast<std::size_t>(k)] = true;
  }

  [[nodiscard]] bool forbids(TokenEvent event) const {
    return event.kind == TokenKind::track && !wanted_[static_cast<std::size_t>(event.value)];
  }

 private:
  std::array<bool, track_count> wanted_{};
};

}  // namespace musicgen::inline MUSICGEN_ABI
