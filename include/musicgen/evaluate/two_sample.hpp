// Can a machine tell two kinds of music apart? One number that no list of statistics can be tuned to.
//
// A classifier two-sample test (Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR 2017): a classifier
// learns from some of the pieces which set they are from, and is asked of the others. If the sets are alike, it is
// right half of the time.
//
// Pure functions: any number of threads may call them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../midi/score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// A part of a song.
struct Excerpt {
  std::vector<Note> notes{};  ///< by onset; track 0 is the melody
  std::size_t song = 0;       ///< one number for all excerpts of a song and of its versions
};

/// A song cut into excerpts, from its first note on. What is left at the end is one if it has four fifths of the
/// length, or if the whole song is shorter than that; excerpts of fewer than 16 notes are left out.
/// @param notes  by onset
/// @param song   its number
/// @throws Error  for a length that is not positive
[[nodiscard]] std::vector<Excerpt> excerpts_of(std::span<const Note> notes, std::chrono::duration<double> length,
                                               std::size_t song);

struct TwoSampleOptions {
  int folds = 5;           ///< 2 at least; fewer where a set has fewer songs
  std::uint64_t seed = 1;  ///< of how songs are shared out among the folds
  double penalty = 1;      ///< of the squared weights, halved, beside the mean loss
};

/// How often excerpts of songs that the classifier has not seen are put into the right set.
struct TwoSampleResult {
  double accuracy = 0.5;      ///< balanced: the mean of the two sets' shares, and over the folds; 0.5 is chance
  double standard_error = 0;  ///< of that mean: the folds' standard deviation by sqrt(folds)
  std::size_t first_excerpts = 0, second_excerpts = 0;
  int folds = 0;
};

/// Tells two sets apart by logistic regression over what follows what: n-grams of pitch intervals and ratios of times,
/// in the melody, in what accompanies it and in its chords, and how long the times between onsets are
/// (excerpt_features.hpp). Loudness, pitch classes and numbers of notes are not among them. A song is in one fold; each
/// fold is asked about by a classifier that has learned from the others. The same bytes for any number of threads.
/// @throws Error  for a set of fewer than two songs, or a song that is in both
[[nodiscard]] TwoSampleResult two_sample_test(std::span<const Excerpt> first, std::span<const Excerpt> second,
                                              const TwoSampleOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "two_sample.ipp"
#endif
