// Definitions of corpus.hpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "../core/error.hpp"
#include "cache.hpp"
#include "corpus.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// @throws Error  if there are no songs, with the reason for the first file
inline void require_songs(const Listing& listing, const ReadResult& reading) {
  if (!reading.songs.empty()) return;
  const auto& skipped = reading.skipped.empty() ? listing.skipped : reading.skipped;
  if (skipped.empty()) throw file_error(listing.root, "no MIDI files");
  if (skipped[0].file == listing.root) throw file_error(listing.root, skipped[0].reason);
  throw file_error(listing.root, "none of its " + std::to_string(listing.skipped.size() + reading.skipped.size()) +
                                     " MIDI files can be used; the first: " + skipped[0].file.string() + ": " +
                                     skipped[0].reason);
}

template <class T>
T median_over(const std::vector<Song>& songs, T Song::*figure) {
  std::vector<T> all;
  all.reserve(songs.size());
  for (const Song& song : songs) all.push_back(song.*figure);
  const auto middle = all.begin() + std::ssize(all) / 2;
  std::nth_element(all.begin(), middle, all.end());
  return all.empty() ? T{} : *middle;
}

/// "12,345": digits in threes.
inline std::string with_commas(std::int64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), 1, ',');
  return text;
}

}  // namespace detail

MUSICGEN_INLINE CorpusSize& CorpusSize::operator+=(const CorpusSize& more) {
  songs += more.songs;
  tokens += more.tokens;
  notes += more.notes;
  length += more.length;
  return *this;
}

MUSICGEN_INLINE Corpus Corpus::open(const std::filesystem::path& path, const CorpusOptions& options) {
  return read(list_files(path), options);
}
MUSICGEN_INLINE Corpus Corpus::from_pop909(const std::filesystem::path& dir, const CorpusOptions& options) {
  return read(list_pop909(dir), options);
}
MUSICGEN_INLINE Corpus Corpus::from_maestro(const std::filesystem::path& dir, const CorpusOptions& options) {
  return read(list_maestro(dir), options);
}
MUSICGEN_INLINE Corpus Corpus::from_folder(const std::filesystem::path& path, const CorpusOptions& options) {
  return read(list_folder(path), options);
}

MUSICGEN_INLINE Corpus::Corpus(std::vector<Song> songs, Vocabulary vocabulary)
    : Corpus(ReadResult{std::move(songs), {}, {}}, std::move(vocabulary)) {
  if (songs_.empty()) throw Error("a corpus has at least one song");
}

MUSICGEN_INLINE Corpus::Corpus(ReadResult reading, Vocabulary vocabulary)
    : vocabulary_(std::move(vocabulary)),
      songs_(std::move(reading.songs)),
      skipped_(std::move(reading.skipped)),
      encode_report_(reading.report) {
  for (std::size_t i = 0; i < songs_.size(); ++i) {
    const Song& song = songs_[i];
    SplitSongs& split = splits_[index(song.split)];
    split.songs.push_back(i);
    split.size += {1, static_cast<std::int64_t>(song.tokens.size()), song.notes, song.length};
  }
  for (SplitSongs& split : splits_) {
    auto& [songs, tokens_up_to] = split.longest_first;
    songs = split.songs;
    std::stable_sort(songs.begin(), songs.end(),
                     [&](std::size_t a, std::size_t b) { return songs_[a].tokens.size() > songs_[b].tokens.size(); });
    std::uint64_t sum = 0;
    for (const std::size_t song : songs) tokens_up_to.push_back(sum += songs_[song].tokens.size());
  }
}

MUSICGEN_INLINE Corpus Corpus::read(const Listing& listing, const CorpusOptions& options) {
  std::optional<ReadResult> reading;
  const std::uint64_t key = options.cache ? cache_key(listing, options) : 0;
  if (options.cache) reading = load_cache(*options.cache, key, listing, options.vocabulary);
  if (!reading) {
    reading = read_files(listing, options);
    if (options.cache && !reading->songs.empty()) store_cache(*options.cache, key, listing, *reading);
  }
  detail::require_songs(listing, *reading);
  reading->skipped.insert(reading->skipped.begin(), listing.skipped.begin(), listing.skipped.end());
  Corpus corpus(std::move(*reading), options.vocabulary);
  corpus.sustain_ = applies_sustain(listing, options);
  return corpus;
}

MUSICGEN_INLINE CorpusSize Corpus::size() const {
  CorpusSize sum;
  for (const SplitSongs& split : splits_) sum += split.size;
  return sum;
}

MUSICGEN_INLINE MusicProfile Corpus::profile() const {
  const auto median = [&](auto figure) { return detail::median_over(songs_, figure); };
  MusicProfile profile{.programs = programs()};
  if (const auto time = median(&Song::max_note_length); time.count() > 0) profile.max_note_length = time;
  if (const auto time = median(&Song::length); time.count() > 0) profile.usual_length = time;
  if (const int velocity = median(&Song::velocity); velocity > 0) profile.usual_velocity = velocity;
  profile.sustain = sustain_;
  return profile;
}

MUSICGEN_INLINE std::vector<int> Corpus::programs() const {
  std::vector<std::map<int, int>> votes;
  for (const Song& song : songs_) {
    votes.resize(std::max(votes.size(), song.programs.size()));
    for (std::size_t k = 0; k < song.programs.size(); ++k) ++votes[k][song.programs[k]];
  }
  const auto songs_with = [](const std::map<int, int>& track) {
    std::size_t sum = 0;
    for (const auto& [program, songs] : track) sum += static_cast<std::size_t>(songs);
    return sum;
  };
  while (!votes.empty() && 50 * songs_with(votes.back()) < songs_.size()) votes.pop_back();
  std::vector<int> programs;
  programs.reserve(votes.size());
  for (const auto& track : votes)
    programs.push_back(
        std::max_element(track.begin(), track.end(), [](auto& a, auto& b) { return a.second < b.second; })->first);
  return programs;
}

MUSICGEN_INLINE std::ostream& operator<<(std::ostream& out, const Corpus& corpus) {
  using detail::with_commas;
  const CorpusSize all = corpus.size();
  std::string splits;
  for (const Split split : {Split::train, Split::validation, Split::test})
    if (const auto songs = corpus.size(split).songs; songs > 0)
      splits += (splits.empty() ? "" : ", ") + with_commas(songs) + ' ' + to_string(split);
  const std::int64_t tenths = all.length / std::chrono::minutes(6);  // of an hour
  out << with_commas(all.songs) << (all.songs == 1 ? " song (" : " songs (") << splits << "), "
      << with_commas(all.tokens) << " tokens, " << with_commas(all.notes) << " notes, " << with_commas(tenths / 10)
      << '.' << std::to_string(tenths % 10) << " h";
  if (const auto& skipped = corpus.skipped(); !skipped.empty())
    out << "; skipped " << with_commas(static_cast<std::int64_t>(skipped.size()))
        << (skipped.size() == 1 ? " file: " : " files, the first ") << skipped[0].file.string() << ": "
        << skipped[0].reason;
  const EncodeReport& report = corpus.encode_report();
  return out << "; " << with_commas(report.merged) << " notes merged, " << with_commas(report.dropped_notes)
             << " dropped";
}

}  // namespace musicgen::inline MUSICGEN_ABI
