// The plan of a song in the language of beats: what stands in its tokens beside the notes.
#pragma once

#include <cstdint>
#include <vector>

#include "../analyze/analysis.hpp"
#include "../core/config.hpp"
#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Key, tempo, bars, phrases and chords of a song. What is not known is empty. Bars are counted from 0, steps from the
/// first bar line.
struct Plan {
  struct Tempo {
    int bar;       ///< in which it begins to hold
    int quarters;  ///< a minute, 32..255
    bool operator==(const Tempo&) const = default;
  };
  struct Bars {
    int bar;    ///< from which it holds
    int meter;  ///< of `meters`
    bool operator==(const Bars&) const = default;
  };
  struct Phrase {
    char letter;  ///< A: carries a melody; a: does not
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
  std::vector<Phrase> form{};  ///< from the first bar on, one after the other
  std::vector<Chord> chords{};
  bool operator==(const Plan&) const = default;
};

/// A chord moved by semitones.
[[nodiscard]] constexpr int transposed_chord(int chord, int semitones) {
  if (chord == no_chord) return chord;
  const int root = ((chord / triad_count + semitones) % 12 + 12) % 12;
  return root * triad_count + chord % triad_count;
}

/// A plan, and where its steps lie in a recording of it.
struct PlacedPlan {
  Plan plan;
  std::vector<std::int32_t> steps{};  ///< of the beats that have been found, ascending; at least two
  std::vector<double> seconds{};      ///< when they are
};

/// What an analysis says, as a plan whose first bar holds the first beat.
/// @throws Error  if it has no beats: its reason
[[nodiscard]] PlacedPlan plan_of(const Analysis& analysis);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "plan.ipp"
#endif
