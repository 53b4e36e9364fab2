// The plan of a song in the language of beats: what its tokens contain besides notes.
#pragma once

#include <cstdint>
#include <vector>

#include "../analyze/analysis.hpp"
#include "../core/config.hpp"
#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Key, tempo, bars, phrases and chords of a song. What is unknown is empty. Bars are counted from 0, steps from the
/// first bar line.
struct Plan {
  struct Tempo {
    int bar;       ///< from which it holds
    int quarters;  ///< a minute, 32..255
    bool operator==(const Tempo&) const = default;
  };
  struct Bars {
    int bar;    ///< from which it holds
    int meter;  ///< index into `meters`
    bool operator==(const Bars&) const = default;
  };
  struct Phrase {
    char letter;  ///< capitals: with a melody; lower case: without
    int bars;     ///< 1..64
    bool operator==(const Phrase&) const = default;
  };
  struct Chord {
    std::int32_t step;  ///< on a beat
    int chord;          ///< as in TokenKind::chord, in the key of the song itself
    bool operator==(const Chord&) const = default;
  };

  int key = -1;  ///< as in TokenKind::key
  std::vector<Tempo> tempos{};
  std::vector<Bars> meters{};
  std::vector<Phrase> form{};  ///< from the first bar on, one after another
  std::vector<int> repeats{};  ///< bars with the melody of the same bar of the last phrase with their letter, ascending
  std::vector<Chord> chords{};
  bool operator==(const Plan&) const = default;
};

/// A chord moved by semitones.
[[nodiscard]] constexpr int transposed_chord(int chord, int semitones) {
  if (chord == no_chord) return chord;
  const int root = ((chord / triad_count + semitones) % 12 + 12) % 12;
  return root * triad_count + chord % triad_count;
}

/// A plan, and when its steps come in a performance of it.
struct PlacedPlan {
  Plan plan;
  std::vector<std::int32_t> steps{};  ///< the steps of the beats that were found, ascending; at least two
  std::vector<double> seconds{};      ///< their times
};

/// The plan that an analysis describes; its first bar contains the first beat.
/// @throws Error  if the analysis has no beats, with its reason
[[nodiscard]] PlacedPlan plan_of(const Analysis& analysis);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "plan.ipp"
#endif
