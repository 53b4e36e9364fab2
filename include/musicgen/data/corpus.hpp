// Songs to learn from: read from MIDI files, or made by a program.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../tokens/vocabulary.hpp"
#include "cache.hpp"
#include "datasets.hpp"
#include "music_profile.hpp"
#include "reading.hpp"
#include "song.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// How much music there is.
struct CorpusSize {
  std::int64_t songs = 0, tokens = 0, notes = 0, steps = 0;
  double seconds() const { return static_cast<double>(steps) * step_seconds; }
  bool operator==(const CorpusSize&) const = default;
};

/// The songs of one side, the longest first, so that those with at least n tokens stand in front.
struct LongestFirst {
  std::vector<std::size_t> songs;           ///< indices into Corpus::songs()
  std::vector<std::uint64_t> tokens_up_to;  ///< how many songs[0] to songs[i] have together
};

class Corpus {
 public:
  /// What a folder holds: MAESTRO if there is its table (maestro-v3.0.0.csv), POP909 if there are folders of three
  /// digits with a file of the same name (001/001.mid), both also one folder further down; otherwise any MIDI files in
  /// it and below. Or a single MIDI file. Files that are no use are skipped, see skipped().
  /// @throws Error  if there is no such path, if it has no MIDI files or none that is of use, or if the cache cannot
  ///                be written
  static Corpus open(const std::filesystem::path& path, const CorpusOptions& options = {}) {
    return read(list_files(path), options);
  }
  /// POP909 (Wang et al., ISMIR 2020), cleaned: files whose first track is not the melody are left out. Validation is
  /// the songs whose number ends in 5.
  /// @throws Error  as open()
  static Corpus from_pop909(const std::filesystem::path& dir, const CorpusOptions& options = {}) {
    return read(list_pop909(dir), options);
  }
  /// MAESTRO (Hawthorne et al., ICLR 2019), sustain pedal applied, on the sides that its table says.
  /// @throws Error  as open(), and without the table
  static Corpus from_maestro(const std::filesystem::path& dir, const CorpusOptions& options = {}) {
    return read(list_maestro(dir), options);
  }
  /// Any MIDI files, in any folders; a tenth of the songs, by hash, is for validation, see split_by_song().
  /// @throws Error  as open()
  static Corpus from_folder(const std::filesystem::path& path, const CorpusOptions& options = {}) {
    return read(list_folder(path), options);
  }

  /// @param songs  from make_song(), with tokens of `vocabulary`
  /// @throws Error  if there are none
  explicit Corpus(std::vector<Song> songs, Vocabulary vocabulary = Vocabulary::standard())
      : Corpus(ReadResult{std::move(songs), {}, {}}, std::move(vocabulary)) {
    if (songs_.empty()) throw Error("a corpus has at least one song");
  }

  const Vocabulary& vocabulary() const { return vocabulary_; }
  const std::vector<Song>& songs() const { return songs_; }             ///< by path
  const std::vector<Skipped>& skipped() const { return skipped_; }      ///< files that are not among the songs
  const EncodeReport& encode_report() const { return encode_report_; }  ///< notes merged and dropped, over all songs
  /// Indices into songs() of one side's, in order.
  const std::vector<std::size_t>& indices(Split split) const { return sides_[index(split)].songs; }
  const LongestFirst& longest_first(Split split) const { return sides_[index(split)].longest_first; }

  CorpusSize amount() const {
    CorpusSize sum;
    for (const Side& side : sides_) {
      sum.songs += side.amount.songs;
      sum.tokens += side.amount.tokens;
      sum.notes += side.amount.notes;
      sum.steps += side.amount.steps;
    }
    return sum;
  }
  const CorpusSize& amount(Split split) const { return sides_[index(split)].amount; }

  /// What a model trained on these songs is to know of them.
  MusicProfile profile() const {
    const auto milliseconds = [](std::int64_t steps) { return std::chrono::milliseconds(10 * steps); };
    MusicProfile profile{.programs = programs()};
    if (const auto steps = median(&Song::longest_note); steps > 0) profile.max_note_length = milliseconds(steps);
    if (const auto steps = median(&Song::steps); steps > 0) profile.usual_length = milliseconds(steps);
    if (const int velocity = median(&Song::velocity); velocity > 0) profile.usual_velocity = velocity;
    return profile;
  }

  /// The General MIDI program of each track K: the one that most songs with that track have (of equals the lowest).
  /// Tracks that fewer than one song in fifty has are left out.
  std::vector<int> programs() const {
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

 private:
  template <class T>
  T median(T Song::*figure) const {
    std::vector<T> all;
    all.reserve(songs_.size());
    for (const Song& song : songs_) all.push_back(song.*figure);
    const auto middle = all.begin() + std::ssize(all) / 2;
    std::nth_element(all.begin(), middle, all.end());
    return all.empty() ? 0 : *middle;
  }

  struct Side {
    std::vector<std::size_t> songs;
    LongestFirst longest_first;
    CorpusSize amount;
  };

  static std::size_t index(Split split) { return static_cast<std::size_t>(split); }

  static Corpus read(Listing listing, const CorpusOptions& options) {
    std::optional<ReadResult> reading;
    const std::uint64_t key = options.cache ? cache_key(listing, options) : 0;
    if (options.cache) reading = load_cache(*options.cache, key, listing, options.vocabulary);
    if (!reading) {
      reading = read_files(listing, options);
      if (options.cache && !reading->songs.empty()) store_cache(*options.cache, key, listing, *reading);
    }
    require_songs(listing, *reading);
    reading->skipped.insert(reading->skipped.begin(), listing.skipped.begin(), listing.skipped.end());
    return Corpus(std::move(*reading), options.vocabulary);
  }

  static void require_songs(const Listing& listing, const ReadResult& reading) {
    if (!reading.songs.empty()) return;
    const auto& skipped = reading.skipped.empty() ? listing.skipped : reading.skipped;
    if (skipped.empty()) throw file_error(listing.root, "no MIDI files");
    if (skipped[0].file == listing.root) throw file_error(listing.root, skipped[0].reason);
    throw file_error(listing.root, "none of its " + std::to_string(listing.skipped.size() + reading.skipped.size()) +
                                       " MIDI files can be used; the first: " + skipped[0].file.string() + ": " +
                                       skipped[0].reason);
  }

  Corpus(ReadResult reading, Vocabulary vocabulary)
      : vocabulary_(std::move(vocabulary)),
        songs_(std::move(reading.songs)),
        skipped_(std::move(reading.skipped)),
        encode_report_(reading.report) {
    for (std::size_t i = 0; i < songs_.size(); ++i) {
      const Song& song = songs_[i];
      Side& side = sides_[index(song.split)];
      side.songs.push_back(i);
      ++side.amount.songs;
      side.amount.tokens += static_cast<std::int64_t>(song.tokens.size());
      side.amount.notes += song.notes;
      side.amount.steps += song.steps;
    }
    for (Side& side : sides_) {
      auto& [songs, tokens_up_to] = side.longest_first;
      songs = side.songs;
      std::stable_sort(songs.begin(), songs.end(),
                       [&](std::size_t a, std::size_t b) { return songs_[a].tokens.size() > songs_[b].tokens.size(); });
      std::uint64_t sum = 0;
      for (const std::size_t song : songs) tokens_up_to.push_back(sum += songs_[song].tokens.size());
    }
  }

  Vocabulary vocabulary_;
  std::vector<Song> songs_;
  std::vector<Skipped> skipped_;
  EncodeReport encode_report_;
  std::array<Side, 3> sides_;  // by split
};

namespace detail {

/// "12,345": digits in threes.
inline std::string with_commas(std::int64_t number) {
  std::string text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), 1, ',');
  return text;
}

}  // namespace detail

/// One line: "2,300 songs (2,050 train, 250 validation), 14,000,000 tokens, 2,900,000 notes, 150.2 h; skipped 313
/// files, the first 043/043.mid: ...; 12 notes merged, 0 dropped"
inline std::ostream& operator<<(std::ostream& out, const Corpus& corpus) {
  using detail::with_commas;
  const CorpusSize all = corpus.amount();
  std::string sides;
  for (const Split split : {Split::train, Split::validation, Split::test})
    if (const auto songs = corpus.amount(split).songs; songs > 0)
      sides += (sides.empty() ? "" : ", ") + with_commas(songs) + ' ' + to_string(split);
  const std::int64_t tenths = all.steps / (100 * 360);  // of an hour
  out << with_commas(all.songs) << (all.songs == 1 ? " song (" : " songs (") << sides << "), "
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
