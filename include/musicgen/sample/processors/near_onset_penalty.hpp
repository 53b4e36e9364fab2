// Keeps notes from beginning just after others: notes of a chord begin together, and other notes well apart.
//
//   x(+p) -= penalty                       where the last note began 10 to 80 ms ago
//   x(tN) += log((1 + e^-penalty) / 2)     where N leads to within 80 ms of that
//
// In real songs one gap in 20 between onsets is under 85 ms, in a model's songs one in ten: each note off the beat
// makes another likelier. With 0.6 it is 0.046 (real songs: 0.061), and what follows keeps better time: 0.510 of the
// gaps instead of 0.441 (docs/experiments.md). The time steps that lead there get half of the effect, since they lead
// to another note in about half of the cases, and otherwise to the end of one; left unchanged they would end notes too
// early. Has no effect in the language of beats, where notes are on the grid.
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct NearOnsetPenalty {
  float penalty = 0;  ///< 0: none; at most 10

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "near_onset_penalty.ipp"
#endif
