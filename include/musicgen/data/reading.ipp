// Definitions of reading.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "../analyze/analyze.hpp"
#include "../core/error.hpp"
#include "../core/thread_pool.hpp"
#include "../midi.hpp"
#include "annotations.hpp"
#include "reading.hpp"
#include "splits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// A file's song, or the reason it has none.
struct ReadFile {
  Song song;
  EncodeReport report;
  std::string fault;
};

/// The analysis of a file: from its annotations if they fit, otherwise from the notes.
/// @throws Error  for invalid annotations
inline Analysis analysis_of(const MidiFile& file, const Score& score, const CorpusOptions& options) {
  if (options.annotations)
    if (auto annotated = fitting_annotations(*options.annotations, file.name, score)) return *std::move(annotated);
  return analyze(score);
}

/// @throws Error  if the file cannot be used
inline ReadFile read_file(const MidiFile& file, const Listing& listing, const CorpusOptions& options) {
  const Score score = read_midi(file.path, {.sustain = applies_sustain(listing, options)});
  if (listing.layout == Layout::pop909) require_melody(score);
  Encoded encoded = options.vocabulary.has_beats()
                        ? encode(score, plan_of(analysis_of(file, score, options)), options.vocabulary)
                        : encode(score, options.vocabulary);
  if (encoded.tokens.size() <= 2) throw Error("has no notes that tokens can say");
  return {make_song(file.name, file.split, std::move(encoded.tokens), std::move(encoded.programs), options.vocabulary),
          encoded.report,
          {}};
}

/// An error's message without the file's name in front.
inline std::string without_file(const std::string& what, const std::filesystem::path& file) {
  const std::string front = file.string() + ": ";
  return what.starts_with(front) ? what.substr(front.size()) : what;
}

inline void add(EncodeReport& sum, const EncodeReport& report) {
  sum.merged += report.merged;
  sum.restruck += report.restruck;
  sum.dropped_tracks += report.dropped_tracks;
  sum.dropped_notes += report.dropped_notes;
}

/// @throws Error  if no file has the annotations asked for, or the vocabulary cannot use them
inline void require_annotations(const Listing& listing, const CorpusOptions& options) {
  if (!options.annotations) return;
  if (!options.vocabulary.has_beats())
    throw file_error(*options.annotations, "annotations are for the language of beats, and this vocabulary has none");
  if (!std::filesystem::exists(*options.annotations)) throw file_error(*options.annotations, "no such folder");
  for (const MidiFile& file : listing.files)
    if (annotations_of(*options.annotations, file.name)) return;
  throw file_error(*options.annotations, "has no annotations of these songs, such as POP909/001/beat_midi.txt");
}

}  // namespace detail

MUSICGEN_INLINE bool applies_sustain(const Listing& listing, const CorpusOptions& options) {
  return options.sustain || listing.layout == Layout::maestro;
}

MUSICGEN_INLINE ReadResult read_files(const Listing& listing, const CorpusOptions& options) {
  detail::require_annotations(listing, options);
  std::vector<detail::ReadFile> files(listing.files.size());
  thread_pool().parallel_for(static_cast<std::int64_t>(files.size()), [&](std::int64_t i) {
    const MidiFile& file = listing.files[static_cast<std::size_t>(i)];
    try {
      files[static_cast<std::size_t>(i)] = detail::read_file(file, listing, options);
    } catch (const Error& fault) {
      files[static_cast<std::size_t>(i)].fault = detail::without_file(fault.what(), file.path);
    }
  });
  ReadResult reading;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!files[i].fault.empty()) {
      reading.skipped.push_back({listing.files[i].path, std::move(files[i].fault)});
      continue;
    }
    reading.songs.push_back(std::move(files[i].song));
    detail::add(reading.report, files[i].report);
  }
  if (listing.layout == Layout::folder) split_by_song(reading.songs);
  return reading;
}

}  // namespace musicgen::inline MUSICGEN_ABI
