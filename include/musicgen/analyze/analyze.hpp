// Finds beats, bars, keys, chords and phrases in a score, from its notes and tempo map.
#pragma once

#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "analysis.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Analyses a score. Beats are the quarter notes of its tempo map, moved to where the notes have them; a score whose
/// notes keep to no such grid (a performance) has no beats, and `no_beat` says why. Methods, sources and how often they
/// are right: docs/analysis.md. Time and memory grow with notes and beats (phrases: with the square of bars, up to some
/// hundred). Any number of threads may call it; what it finds depends on the score alone.
[[nodiscard]] Analysis analyze(const Score& score);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "analyze.ipp"
#endif
