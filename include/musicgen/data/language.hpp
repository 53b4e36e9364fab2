// Which of the two token languages suits songs: that of beats if they keep to a beat, otherwise that of performances.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "../core/config.hpp"
#include "../tokens/vocabulary.hpp"
#include "datasets.hpp"
#include "reading.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// How songs are written as tokens.
enum class Language : std::uint8_t {
  performance,  ///< notes, and time in steps of 10 ms
  beats         ///< bars, key, tempo, metre, phrases and chords besides the notes; time in twelfths of a quarter note
};

/// Vocabulary::standard() or Vocabulary::beats().
[[nodiscard]] Vocabulary vocabulary_of(Language language);
/// The language of any vocabulary, by its tokens.
[[nodiscard]] Language language_of(const Vocabulary& vocabulary);

/// How many of the songs examined keep to a beat.
struct BeatCount {
  int songs = 0;      ///< examined, without those that cannot be used
  int with_beat = 0;  ///< of these
  /// Beats if at least half of the songs keep to one.
  [[nodiscard]] Language language() const;
  bool operator==(const BeatCount&) const = default;
};

/// "38 of 40 songs keep to a beat"
std::ostream& operator<<(std::ostream& out, const BeatCount& count);

/// Reads files spread evenly over a listing and counts those in which analyze() finds a beat, on all threads, with the
/// same result for any number of them. Files that cannot be read or used do not count. May be called from any thread.
/// @param options  only `sustain` matters
/// @param most     files to read at most
/// @throws Error   if `most` is not positive
[[nodiscard]] BeatCount count_beats(const Listing& listing, const CorpusOptions& options = {}, int most = 40);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "language.ipp"
#endif
