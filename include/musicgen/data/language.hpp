// Which of the two languages of tokens suits songs: that of beats where notes keep to one, else that of performances.
#pragma once

#include <cstdint>
#include <iosfwd>

#include "../core/config.hpp"
#include "../tokens/vocabulary.hpp"
#include "datasets.hpp"
#include "reading.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// What songs are written down in.
enum class Language : std::uint8_t {
  performance,  ///< notes, and time in steps of 10 ms
  beats         ///< bars, key, tempo, metre, phrases and chords beside the notes; time in twelfths of a quarter note
};

/// Vocabulary::standard() or Vocabulary::beats().
[[nodiscard]] Vocabulary vocabulary_of(Language language);
/// Of any vocabulary, by its tokens.
[[nodiscard]] Language language_of(const Vocabulary& vocabulary);

/// How many of the songs that were looked at keep to a beat.
struct BeatCount {
  int songs = 0;      ///< looked at, those that are no use left out
  int with_beat = 0;  ///< of these
  /// Beats, if at least half of the songs keep to one.
  [[nodiscard]] Language language() const;
  bool operator==(const BeatCount&) const = default;
};

/// "38 of 40 songs keep to a beat"
std::ostream& operator<<(std::ostream& out, const BeatCount& count);

/// Reads files of a listing, evenly spread over it, and asks analyze() whether they keep to a beat, on all threads; the
/// same for any number of them. Files that cannot be read, or are no use, do not count. May be called from any thread.
/// @param options  `sustain` alone matters
/// @param most     files to look at, all if there are no more
/// @throws Error   if `most` is not positive
[[nodiscard]] BeatCount count_beats(const Listing& listing, const CorpusOptions& options = {}, int most = 40);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "language.ipp"
#endif
