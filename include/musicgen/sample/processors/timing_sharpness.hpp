// Keeps time: among nearly equal time steps, the more probable ones become more so.
//
//   p'_k = p_k^b (K * p)_k / (K * p^b)_k      p_k: of k steps; b = 1 + sharpness; K a Gaussian of 15 ms, cut at 30 ms
//
// Around a note on the beat, a model gives the neighbouring hundredths of a second some probability too. A song that
// takes one of them is a little late, the next choice is made from there, and after a few of those there is no beat
// left to keep to. A temperature for time steps would mend that, but would favour the shorter of two that are far
// apart, whose probability lies on fewer steps. Here only steps close to each other compete, for their joint
// probability: a neighbourhood as a whole stays about as probable as it was (a broad one loses a little).
//
// With 1, 0.55 of the gaps between onsets are in time instead of 0.48 (real songs: 0.73); songs grow denser, by a note
// a second, for which a density of -0.2 makes up (docs/experiments.md). Should come after all other rules that change
// time steps, to sharpen their result. t100, which also stands for anything longer, competes like any other: in music
// little is just below it.
//
// Has no effect in the language of beats, where no time steps are nearly equal.
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct TimingSharpness {
  float sharpness = 0;  ///< 1: a step twice as probable as another next to it becomes nearly four times; at most 10

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "timing_sharpness.ipp"
#endif
