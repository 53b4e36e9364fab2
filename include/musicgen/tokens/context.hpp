// What a network is told beside each token in the language of beats: where in the bar and the phrase the song is, and
// what chord, key and tempo are in force. All of it follows from the tokens; a network of a few hundred units would
// spend them on counting.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "../core/config.hpp"
#include "song_state.hpp"
#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Rows of the embedding, one of each part, that are added to a token's.
struct Context {
  static constexpr std::size_t parts = 9;
  /// Steps since the bar line; bars left of the phrase; chord; metre; mode; tempo; bars so far; phrases with this
  /// letter so far; whether the melody repeats.
  static constexpr std::array<int, parts> sizes{97, 17, no_chord + 2, static_cast<int>(meters.size()), 3, 17, 33, 4, 2};
  static constexpr int rows = std::accumulate(sizes.begin(), sizes.end(), 0);

  /// Where a song is, after its last token. @param V  the number of the first row
  [[nodiscard]] static constexpr std::array<Token, parts> of(const SongState::Place& place, int V) {
    const std::array<int, parts> values{place.bars == 0 ? 96 : std::min<int>(place.bar_steps, 95),
                                        std::min<int>(place.bars_left, 16),
                                        place.chord,
                                        place.meter,
                                        place.key < 0 ? 0 : 1 + place.key / 12,
                                        std::min(place.tempo / 16, 16),
                                        std::min<int>(place.bars / 4, 32),
                                        std::min<int>(place.returns, 3),
                                        place.repeats};
    std::array<Token, parts> found{};
    for (std::size_t k = 0, first = 0; k < parts; first += static_cast<std::size_t>(sizes[k++]))
      found[k] = V + static_cast<Token>(first) + values[k];
    return found;
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI
