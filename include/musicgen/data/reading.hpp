// From the files that a listing names to songs of tokens, on all threads.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "../core/config.hpp"
#include "../tokens/encoder.hpp"
#include "../tokens/vocabulary.hpp"
#include "datasets.hpp"
#include "song.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// How files are read.
struct CorpusOptions {
  std::optional<std::filesystem::path> cache{};  ///< a file that keeps the tokens from one time to the next
  Vocabulary vocabulary = Vocabulary::standard();
  bool sustain = false;  ///< whether the sustain pedal lengthens notes; MAESTRO's it always does
  /// In the language of beats: a folder with POP909's annotations, see find_pop909_annotations(). The songs that it has
  /// some of, 001 and its versions 001-v1, are written down by these, as far as they fit; all others by analyze().
  std::optional<std::filesystem::path> annotations{};
};

/// What became of a listing's files.
struct ReadResult {
  std::vector<Song> songs;       ///< by path
  std::vector<Skipped> skipped;  ///< by path
  EncodeReport report;           ///< summed over the songs
};

/// Whether the sustain pedal lengthens the notes of a listing's files.
[[nodiscard]] bool applies_sustain(const Listing& listing, const CorpusOptions& options);

/// Reads and encodes a listing's files. What cannot be read, or is no use, is skipped. The same for any number of
/// threads.
/// @throws Error  for annotations of none of the files, or with a vocabulary that has no beats
[[nodiscard]] ReadResult read_files(const Listing& listing, const CorpusOptions& options);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "reading.ipp"
#endif
