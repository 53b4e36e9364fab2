// How the notes of a piece are placed in time: on its beats, in its bars, and where no beat is known, relative to each
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
/// units u of [share within 15 ms of a multiple of u] - 30 ms / u, which is the share by chance. u is 100 to 295 ms.
/// Onsets are on a grid of 10 ms, as in tokens, each counted once.
/// @return  NaN for fewer than two onsets
[[nodiscard]] double gaps_in_time(std::span<const Note> notes);

/// The share of the notes, without drums, that begin on a sixteenth: within 1/48 beat of a quarter of a beat. By chance
/// a sixth of them would.
/// @return  NaN without a beat
[[nodiscard]] double in_beat_share(const Score& score, const Analysis& analysis);

/// The distribution of a piece's onsets over the sixteenths of a bar.
using BarPositions = std::array<double, 16>;

/// The share of the notes, without drums, that begin at each sixteenth of their bar, rounded to the nearest. Those
/// after the fourth beat of longer bars are not counted.
/// @return  NaN without a beat
[[nodiscard]] BarPositions bar_positions(const Score& score, const Analysis& analysis);

/// The overlap of two distributions, sum_i min(a_i, b_i): 1 if they are the same (Swain and Ballard, "Color indexing",
/// 1991).
[[nodiscard]] double histogram_overlap(std::span<const double> a, std::span<const double> b);

/// The similarity of neighbouring bars' grooves: the mean of 1 - XOR(g, g') / Q, where g marks which of a bar's Q
/// sixteenths have an onset, including drums. After Wu and Yang (ISMIR 2020), on a grid of sixteenths instead of 64ths
/// and for neighbours instead of all pairs, as in MusPy. Bars that are not as long as the metre are left out.
/// @return  NaN without a beat, and where no two bars are neighbours
[[nodiscard]] double groove_similarity(const Score& score, const Analysis& analysis);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "rhythm.ipp"
#endif
