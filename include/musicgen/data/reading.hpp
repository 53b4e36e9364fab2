// Reads the files of a listing as songs of tokens, on all threads.
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
  std::optional<std::filesystem::path> cache{};  ///< a file that keeps the tokens for the next run
  Vocabulary vocabulary = Vocabulary::standard();
  bool sustain = false;  ///< whether the sustain pedal lengthens notes; in MAESTRO it always does
  /// In the language of beats: a folder with POP909's annotations, see find_pop909_annotations(). Files of a song that
  /// has some (001, and its versions such as 001-v1) are encoded from them if they fit; all others from analyze().
  std::optional<std::filesystem::path> annotations{};
};

/// The result of reading a listing's files.
struct ReadResult {
  std::vector<Song> songs;       ///< by path
  std::vector<Skipped> skipped;  ///< by path
  EncodeReport report;           ///< summed over the songs
};

/// Whether the sustain pedal lengthens the notes of a listing's files.
[[nodiscard]] bool applies_sustain(const Listing& listing, const CorpusOptions& options);

/// Reads and encodes a listing's files. Files that cannot be read or used are skipped. The result is the same for any
/// number of threads.
/// @throws Error  if `options.annotations` has none for these files, or the vocabulary has no beats
[[nodiscard]] ReadResult read_files(const Listing& listing, const CorpusOptions& options);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "reading.ipp"
#endif
