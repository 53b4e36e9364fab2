// How original songs are: what of them occurs in the songs that a model has learned from, and where.
//
// A song is compared in two representations. As tokens a copy is exact, velocities and all. As intervals it stays a
// copy when it is transposed, or played a little faster, slower or less evenly: each note is the interval from the one
// before, and how much later it starts in classes that are an octave wide (times 2).
//
// Music repeats what other music has said, so figures mean nothing by themselves: those of songs that the model has not
// learned from are what to compare with.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "../core/config.hpp"
#include "../data/song.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The longest part of a song that occurs in another.
struct CopiedRun {
  int notes = 0;          ///< 0: there is none. As intervals, notes that start together count, unisons once
  double seconds = 0;     ///< from the first onset to the last; as tokens from the first token to the last
  double at = 0;          ///< seconds, where it begins in the song
  std::string source{};   ///< name of the other song; of several the first
  double source_at = 0;   ///< seconds, where it begins there
  int transposition = 0;  ///< semitones from there to here
  bool operator==(const CopiedRun&) const = default;
};

/// What a song shares with others.
struct Originality {
  std::string song{};
  CopiedRun intervals{}, tokens{};                 ///< the longest runs: up to transposition and timing; exact
  double shared_intervals = 0, shared_tokens = 0;  ///< shares of the song's n-grams that occur; 0 if it has none
};

struct NoveltyOptions {
  int interval_ngram = 6;  ///< n, in intervals: 7 notes
  int token_ngram = 12;    ///< n, in tokens: about 2 notes
};

/// What each of the songs shares with those in `training`. Time is proportional to all tokens, memory to those of
/// `songs` (1.5 KB a note).
/// @param songs  all of them, and those in `training`, with tokens of `vocabulary`
/// Any number of threads may call this; it computes on up to three of the thread pool, with the same result for any
/// number.
[[nodiscard]] std::vector<Originality> originality(std::span<const Song> songs, std::span<const Song* const> training,
                                                   const Vocabulary& vocabulary, const NoveltyOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "novelty.ipp"
#endif
