// Songs to learn from: read from MIDI files, or made by a program.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <vector>

#include "../core/config.hpp"
#include "../tokens/encoder.hpp"
#include "../tokens/vocabulary.hpp"
#include "datasets.hpp"
#include "music_profile.hpp"
#include "reading.hpp"
#include "song.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The amount of music in a corpus or a split.
struct CorpusSize {
  std::int64_t songs = 0, tokens = 0, notes = 0;
  std::chrono::milliseconds length{0};
  double seconds() const { return std::chrono::duration<double>(length).count(); }
  CorpusSize& operator+=(const CorpusSize& more);
  bool operator==(const CorpusSize&) const = default;
};

/// The songs of a split, longest first, so that those with at least n tokens come first.
struct LongestFirst {
  std::vector<std::size_t> songs;           ///< indices into Corpus::songs()
  std::vector<std::uint64_t> tokens_up_to;  ///< total of songs[0] to songs[i]
};

/// Immutable, so threads may share it.
class Corpus {
 public:
  /// Opens a folder: as MAESTRO if its table is there (maestro-v3.0.0.csv), as POP909 if there are folders of three
  /// digits with a file of the same name (001/001.mid), both also one folder further down; otherwise as any MIDI files
  /// in it and below. Or opens a single MIDI file. Files that cannot be used are skipped, see skipped().
  /// @throws Error  if there is no such path, if it has no MIDI files or none that can be used, if the cache cannot be
  ///                written, or as read_files() does
  [[nodiscard]] static Corpus open(const std::filesystem::path& path, const CorpusOptions& options = {});
  /// POP909 (Wang et al., ISMIR 2020), cleaned: files whose first track with notes is not the melody are left out.
  /// Songs whose number ends in 5 are for validation.
  /// @throws Error  as open()
  [[nodiscard]] static Corpus from_pop909(const std::filesystem::path& dir, const CorpusOptions& options = {});
  /// MAESTRO (Hawthorne et al., ICLR 2019), with the sustain pedal applied and the splits of its table.
  /// @throws Error  as open(), and without the table
  [[nodiscard]] static Corpus from_maestro(const std::filesystem::path& dir, const CorpusOptions& options = {});
  /// Any MIDI files, in any folders; a tenth of the songs, by hash, is for validation, see split_by_song().
  /// @throws Error  as open()
  [[nodiscard]] static Corpus from_folder(const std::filesystem::path& path, const CorpusOptions& options = {});

  /// @param songs  from make_song(), with tokens of `vocabulary`
  /// @throws Error  if there are none
  explicit Corpus(std::vector<Song> songs, Vocabulary vocabulary = Vocabulary::standard());

  const Vocabulary& vocabulary() const { return vocabulary_; }
  const std::vector<Song>& songs() const { return songs_; }             ///< by path
  const std::vector<Skipped>& skipped() const { return skipped_; }      ///< files that are not among the songs
  const EncodeReport& encode_report() const { return encode_report_; }  ///< notes merged and dropped, over all songs
  /// Indices into songs() of a split's songs, in order.
  const std::vector<std::size_t>& indices(Split split) const { return splits_[index(split)].songs; }
  const LongestFirst& longest_first(Split split) const { return splits_[index(split)].longest_first; }

  [[nodiscard]] CorpusSize size() const;
  const CorpusSize& size(Split split) const { return splits_[index(split)].size; }

  /// What a model trained on these songs keeps about them.
  [[nodiscard]] MusicProfile profile() const;

  /// The General MIDI program of each track K: the one that most songs with that track have (the lowest if tied).
  /// Trailing tracks that fewer than one song in fifty has are left out.
  [[nodiscard]] std::vector<int> programs() const;

 private:
  struct SplitSongs {
    std::vector<std::size_t> songs;
    LongestFirst longest_first;
    CorpusSize size;
  };

  static std::size_t index(Split split) { return static_cast<std::size_t>(split); }
  static Corpus read(const Listing& listing, const CorpusOptions& options);
  Corpus(ReadResult reading, Vocabulary vocabulary);

  Vocabulary vocabulary_;
  std::vector<Song> songs_;
  std::vector<Skipped> skipped_;
  EncodeReport encode_report_;
  std::optional<bool> sustain_;  // unknown for songs made by a program
  std::array<SplitSongs, 3> splits_;
};

/// One line: "2,300 songs (2,050 train, 250 validation), 14,000,000 tokens, 2,900,000 notes, 150.2 h; skipped 313
/// files, the first 043/043.mid: ...; 12 notes merged, 0 dropped"
std::ostream& operator<<(std::ostream& out, const Corpus& corpus);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "corpus.ipp"
#endif
