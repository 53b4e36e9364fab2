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
  static constexpr std::size_t parts = 8;
  /// Steps since the bar line; bars left of the phrase; chord; metre; mode; tempo; bars so far; phrases with this
  /// letter so far.
  static constexpr std::array<int, parts> sizes{97, 17, no_chord + 2, static_cast<int>(meters.size()), 3, 17, 33, 4};
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
                                        std::min<int>(place.returns, 3)};
    std::array<Token, parts> found{};
    for (std::size_t k = 0, first = 0; k < parts; first += static_cast<std::size_t>(sizes[k++]))
      found[k] = V + static_cast<Token>(first) + values[k];
    return found;
  }

  /// Where in the form a song is: the letter of the phrase, the bar in it, and in the lowest eight bits how often the
  /// letter has come before; -1 outside of phrases.
  [[nodiscard]] static constexpr std::int32_t place_of(const SongState::Place& place) {
    if (place.phrase == 0) return -1;
    constexpr std::int32_t longest_phrase = 128;
    return (place.phrase * longest_phrase + std::min<std::int32_t>(place.phrase_bar, longest_phrase - 1)) << 8 |
           place.returns;
  }
  /// Whether `earlier` is the place of `now` in an earlier phrase.
  [[nodiscard]] static constexpr bool returns_to(std::int32_t now, std::int32_t earlier) {
    return now >= 0 && earlier >= 0 && now >> 8 == earlier >> 8 && earlier < now;
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI
