// The analysis of a piece: beats and bars, keys, chords, phrases. Plain data, which `analyze()` finds in the notes or
// people have annotated (analyze/pop909.hpp).
//
// All positions are in seconds and in beats, which are counted from 0 through the piece.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

using Seconds = std::chrono::duration<double>;

/// The number of beats in a bar, and the note value of a beat: 3/4 has 3 beats, which are quarter notes.
struct Meter {
  int beats = 4;
  int unit = 4;
  bool operator==(const Meter&) const = default;
};
[[nodiscard]] std::string to_string(Meter meter);  ///< "4/4"

/// A piece that begins with a pick-up, less than a beat before the first beat of its grid, has a beat that begins
/// before the score does: time and tick of `beats[0]` are then negative, so that its bar holds the pick-up.
struct Beat {
  Seconds time{};
  std::int64_t tick = 0;  ///< of the score; times are those of its tempo map
  int bar = 0;            ///< its bar
  int place = 0;          ///< within the bar; 0 is the downbeat
  bool operator==(const Beat&) const = default;
};

/// A bar has the beats [first_beat, end_beat). The first bar may lack its beginning (an upbeat, whose beats have the
/// last places), the last bar its end.
struct Bar {
  int first_beat = 0, end_beat = 0;
  Meter meter{};
  bool operator==(const Bar&) const = default;
};

/// From one beat to another. `end_beat` is the number of beats if the span lasts until the end.
struct BeatSpan {
  Seconds start{}, end{};
  int first_beat = 0, end_beat = 0;
  [[nodiscard]] Seconds length() const { return end - start; }
  bool operator==(const BeatSpan&) const = default;
};

/// A key, and where it is in force.
struct KeySpan : BeatSpan {
  int tonic = 0;  ///< 0 is C, 11 is B
  bool minor = false;
  [[nodiscard]] std::string label() const;  ///< "Eb:min"
  bool operator==(const KeySpan&) const = default;
};

enum class ChordQuality : std::uint8_t { none, major, minor, diminished, augmented, sus2, sus4 };

/// A chord, reduced to its triad.
struct ChordSpan : BeatSpan {
  int root = 0;  ///< 0 is C, 11 is B; 0 where there is no chord
  ChordQuality quality = ChordQuality::none;
  int bass = 0;  ///< the lowest pitch class, the root unless the chord is inverted
  [[nodiscard]] std::string label()
      const;  ///< as in Harte et al. 2005, without the bass: "C:maj", "Eb:min", "N" for none
  /// Whether a pitch belongs to its triad.
  [[nodiscard]] constexpr bool contains(int pitch) const {
    constexpr std::array<unsigned, 7> triads{0, 0x91, 0x89, 0x49, 0x111, 0x85, 0xA1};  // bits: semitones over the root
    return (triads[static_cast<std::size_t>(quality)] >> (pitch - root + 12) % 12 & 1) != 0;
  }
  bool operator==(const ChordSpan&) const = default;
};

/// A phrase. Phrases that return have the same letter.
struct PhraseSpan : BeatSpan {
  int first_bar = 0, end_bar = 0;
  char letter = 'A';   ///< upper or lower case; i is an introduction, o an ending, x and X anything else
  bool melody = true;  ///< whether a melody sounds; its letter is then a capital
  [[nodiscard]] std::string label() const { return std::string(1, letter); }
  [[nodiscard]] int bars() const { return end_bar - first_bar; }
  bool operator==(const PhraseSpan&) const = default;
};

/// Spans of each kind follow one another without gaps, from the first beat to the end of the last.
struct Analysis {
  std::vector<Beat> beats{};
  std::vector<Bar> bars{};
  Meter meter{};          ///< that of most beats; `analyze()` finds one for the whole piece
  double tempo = 0;       ///< median, beats a minute; 0 without beats
  Seconds end{};          ///< of the last beat
  std::string no_beat{};  ///< why there are no beats, and so nothing else either; empty if there are

  std::vector<KeySpan> keys{};
  std::vector<ChordSpan> chords{};
  std::vector<PhraseSpan> phrases{};

  [[nodiscard]] bool has_beat() const { return !beats.empty(); }
  [[nodiscard]] std::vector<Seconds> downbeats() const;
  /// The key that is in force longest, in all its spans together; nullptr if there is none. Spans without a chord do
  /// not count if there are any chords: a key means nothing in silence.
  [[nodiscard]] const KeySpan* main_key() const;
  /// When a beat begins; for the number of beats, when the last beat ends.
  [[nodiscard]] Seconds beat_time(int beat) const;
  /// Introduction, verses, choruses: "i4A8B8A8B8o4".
  [[nodiscard]] std::string form() const;
  bool operator==(const Analysis&) const = default;
};

/// "Eb": pitch classes are spelled with flats, as in POP909.
[[nodiscard]] const char* pitch_class_name(int pitch_class);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "analysis.ipp"
#endif
