// Finds beats, bars, keys, chords and phrases in a score, from its notes and tempo map.
#pragma once

#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "analysis.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Analyses a score. Beats are the quarter notes of its tempo map, shifted to fit the notes; a score whose notes do not
/// follow such a grid (a performance) has no beats, and `no_beat` says why. docs/analysis.md has methods, sources and
/// accuracy. Time and memory grow with the number of notes and beats (phrases: with the square of the number of bars,
/// up to some hundred). Any number of threads may call it; the result depends only on the score.
[[nodiscard]] Analysis analyze(const Score& score);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "analyze.ipp"
#endif
