// How original songs are: which parts of them occur in a model's training songs, and where.
//
// Songs are compared in two representations. As tokens, a copy is exact, velocities included. As intervals, it may be
// transposed, or played a little faster, slower or less evenly: each note is the interval from the one before, and the
// time since then in classes that are an octave (a factor of 2) wide.
//
// Music repeats other music, so figures mean nothing by themselves: compare them with those of songs that the model was
// not trained on.
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
  int notes = 0;          ///< 0: none. As intervals, each note of a chord counts, unisons once
  double seconds = 0;     ///< from the first onset to the last; as tokens from the first token to the last
  double at = 0;          ///< seconds, where it begins in the song
  std::string source{};   ///< name of the other song; the first if several
  double source_at = 0;   ///< seconds, where it begins there
  int transposition = 0;  ///< semitones from there to here
  bool operator==(const CopiedRun&) const = default;
};

/// What a song shares with others.
struct Originality {
  std::string song{};
  CopiedRun intervals{}, tokens{};                 ///< the longest runs: up to transposition and timing; exact
  double shared_intervals = 0, shared_tokens = 0;  ///< shares of the song's n-grams that occur there; 0 if it has none
};

struct NoveltyOptions {
  int interval_ngram = 6;  ///< n, in intervals: 7 notes
  int token_ngram = 12;    ///< n, in tokens: about 2 notes
};

/// What each of the songs shares with those in `training`. Time is proportional to all tokens, memory to those of
/// `songs` (1.5 KB a note). Any number of threads may call this; it computes on up to three threads of the thread pool,
/// with the same result for any number.
/// @param songs  like those in `training`, with tokens of `vocabulary`
[[nodiscard]] std::vector<Originality> originality(std::span<const Song> songs, std::span<const Song* const> training,
                                                   const Vocabulary& vocabulary, const NoveltyOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "novelty.ipp"
#endif
