// Only plausible notes, the plan left alone: for songs in the language of beats.
//
//   over N, the tokens of notes and time but those of velocities:  never those with p_v < min_p max_N p  (Nguyen et al.
//   2024)
//
// Drawn as the model says it, one token in some dozen is a slip, and a song goes on from its slips. Keys, tempos,
// phrases and chords are few, and what varies between songs: a min-p over them makes all phrases A. Velocities change
// rarely, and under a min-p they do not change at all.
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct NoteSampling {
  float min_p = 0;  ///< 0: all

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "note_sampling.ipp"
#endif
