// Whether a piece is made of parts that return: its structureness, at several lengths.
//
// Pure functions: any number of threads may call them.
#pragma once

#include <vector>

#include "../analyze/analysis.hpp"
#include "../core/config.hpp"
#include "../midi/score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// How well a piece repeats itself in stretches of n bars: the likeness of each stretch to the most similar earlier one
/// that does not overlap it, averaged over all stretches that have one,
///
///     SI_n = mean over j of max over i <= j - n of (1/n) sum_{k < n} S(i + k, j + k)
///
/// S is the self-similarity of the bars, half harmony and half melody (analyze/bar_likeness.hpp), 0..1; stretches in
/// which a bar is silent are left out.
///
/// After the structureness indicator of Wu and Yang (ISMIR 2020): the maximum of the fitness scape plot (Mueller and
/// Jiang, ISMIR 2012) over lengths of 3 to 8, 8 to 15 and over 15 seconds, where fitness is the harmonic mean of how
/// well and how much of a piece a stretch explains. Here lengths are bars, paths are straight since bars are aligned,
/// and the mean over all stretches replaces fitness and maximum: a single chorus that returns does not make a song.
/// @param bars  n, at least 1
/// @return  NaN without a beat, and for pieces of fewer than 2 n bars
[[nodiscard]] double structureness(const Score& score, const Analysis& analysis, int bars);

/// The same for several lengths; the likeness of bars is computed once.
[[nodiscard]] std::vector<double> structureness(const Score& score, const Analysis& analysis,
                                                const std::vector<int>& bars);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "structureness.ipp"
#endif
