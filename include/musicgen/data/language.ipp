// Definitions of language.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "../analyze/analyze.hpp"
#include "../core/error.hpp"
#include "../core/text.hpp"
#include "../core/thread_pool.hpp"
#include "../midi.hpp"
#include "language.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// Nothing for a file that cannot be used.
inline std::optional<bool> keeps_to_beat(const MidiFile& file, const Listing& listing, const CorpusOptions& options) {
  try {
    const Score score = read_midi(file.path, {.sustain = applies_sustain(listing, options)});
    if (listing.layout == Layout::pop909) require_melody(score);
    if (score.notes().empty()) return std::nullopt;
    return analyze(score).has_beat();
  } catch (const Error&) {
    return std::nullopt;  // read_files() reports why
  }
}

}  // namespace detail

MUSICGEN_INLINE Vocabulary vocabulary_of(Language language) {
  return language == Language::beats ? Vocabulary::beats() : Vocabulary::standard();
}

MUSICGEN_INLINE Language language_of(const Vocabulary& vocabulary) {
  return vocabulary.has_beats() ? Language::beats : Language::performance;
}

MUSICGEN_INLINE Language BeatCount::language() const {
  return songs > 0 && with_beat >= songs - with_beat ? Language::beats : Language::performance;
}

MUSICGEN_INLINE std::ostream& operator<<(std::ostream& out, const BeatCount& count) {
  return out << std::to_string(count.with_beat) << " of " << detail::counted(count.songs, "song")
             << (count.with_beat == 1 || count.songs == 1 ? " keeps" : " keep") << " to a beat";
}

MUSICGEN_INLINE BeatCount count_beats(const Listing& listing, const CorpusOptions& options, int most) {
  if (most < 1) throw Error("count_beats: most is " + std::to_string(most) + ", expected at least 1");
  const std::size_t files = listing.files.size(), looked_at = std::min(files, static_cast<std::size_t>(most));
  std::vector<std::optional<bool>> found(looked_at);
  thread_pool().parallel_for(static_cast<std::int64_t>(looked_at), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);  // each from the middle of its share of the files
    found[at] = detail::keeps_to_beat(listing.files[(2 * at + 1) * files / (2 * looked_at)], listing, options);
  });
  BeatCount count;
  for (const auto& beat : found) {
    count.songs += beat.has_value();
    count.with_beat += beat.value_or(false);
  }
  return count;
}

}  // namespace musicgen::inline MUSICGEN_ABI
