// Can a machine tell two kinds of music apart? One number that, unlike a list of statistics, cannot be tuned for.
//
// A classifier two-sample test (Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR 2017): a classifier
// is trained on some of the pieces to tell which set they are from, and tested on the others. If the sets are alike, it
// is right half of the time.
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

/// Cuts a song into excerpts, from its first note on. What is left at the end is one if it has four fifths of the
/// length, or if the whole song is shorter than that; excerpts of fewer than 16 notes are left out.
/// @param notes  by onset
/// @param song   its number
/// @throws Error  for a length that is not positive
[[nodiscard]] std::vector<Excerpt> excerpts_of(std::span<const Note> notes, std::chrono::duration<double> length,
                                               std::size_t song);

struct TwoSampleOptions {
  int folds = 5;           ///< at least 2; fewer if a set has fewer songs
  std::uint64_t seed = 1;  ///< for dealing songs to the folds
  double penalty = 1;      ///< factor of |w|^2 / 2, which is added to the mean loss
};

/// How often excerpts of songs that the classifier has not seen are assigned to the right set.
struct TwoSampleResult {
  double accuracy = 0.5;      ///< balanced: the mean over the two sets and over the folds; 0.5 is chance
  double standard_error = 0;  ///< of that mean: the folds' standard deviation / sqrt(folds)
  std::size_t first_excerpts = 0, second_excerpts = 0;
  int folds = 0;
};

/// Tells two sets apart by logistic regression over n-grams of pitch intervals and time ratios, in the melody and in
/// the accompaniment, the intervals of the accompaniment's chords, and the times between onsets (excerpt_features.hpp).
/// Loudness, pitch classes and numbers of notes are not features. All excerpts of a song are in one fold; each fold is
/// tested by a classifier trained on the others. The same bytes for any number of threads.
/// @throws Error  for a set of fewer than two songs, a song that is in both, or fewer than two folds
[[nodiscard]] TwoSampleResult two_sample_test(std::span<const Excerpt> first, std::span<const Excerpt> second,
                                              const TwoSampleOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "two_sample.ipp"
#endif
