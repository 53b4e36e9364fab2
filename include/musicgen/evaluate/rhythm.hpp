// How the notes of a piece lie in time: on its beats, in its bars, and where no beat is known, in proportion to each
// other.
//
// Pure functions: any number of threads may call them.
#pragma once

#include <array>
#include <span>

#include "../analyze/analysis.hpp"
#include "../core/config.hpp"
#include "../midi/score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The share of the times between onsets that are in time with each other, without a beat to measure them by: max over
/// units u of [share within 15 ms of a multiple of u] - 30 ms / u, the share that chance would give. u is 100 to 295
/// ms. Onsets are those on a grid of 10 ms, as tokens have them, each once.
/// @return  NaN for fewer than two onsets
[[nodiscard]] double gaps_in_time(std::span<const Note> notes);

/// The share of the notes, drums apart, that begin on a sixteenth: within a 48th of a beat of a quarter of a beat. A
/// sixth of them would by chance.
/// @return  NaN without a beat
[[nodiscard]] double in_beat_share(const Score& score, const Analysis& analysis);

/// How the onsets of a piece are distributed over the sixteenths of a bar.
using BarPositions = std::array<double, 16>;

/// The share of the notes, drums apart, that begin at each sixteenth of their bar, to which they are rounded. Those
/// after the fourth beat of longer bars are not counted.
/// @return  NaN without a beat
[[nodiscard]] BarPositions bar_positions(const Score& score, const Analysis& analysis);

/// What two distributions share, sum_i min(a_i, b_i): 1 if they are the same (Swain and Ballard, "Color indexing",
/// 1991).
[[nodiscard]] double histogram_overlap(std::span<const double> a, std::span<const double> b);

/// The similarity of neighbouring bars' grooves, the mean of 1 - XOR(g, g') / Q, g being in which of a bar's Q
/// sixteenths something begins, drums among it: Wu and Yang (ISMIR 2020), on a grid of sixteenths instead of 64ths and
/// for neighbours instead of all pairs, as MusPy has it. Bars that are shorter than the metre are left out.
/// @return  NaN without a beat, and where no two bars are neighbours
[[nodiscard]] double groove_similarity(const Score& score, const Analysis& analysis);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "rhythm.ipp"
#endif
