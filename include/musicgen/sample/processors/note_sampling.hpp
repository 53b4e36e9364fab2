// How daring the notes are, the plan left alone: for songs in the language of beats.
//
//   over all tokens N but those of bars and plan:  x_v := m + (x_v - m) / temperature,  m = max_N x,
//                                                  and never those with e^(x_v - m) < min_p  (Nguyen et al. 2024)
//
// What comes again is copied token by token. Drawn as the model says it, a token in ten differs, and a song that has
// once left what it was copying does not come back to it. A min-p leaves no choice where the model is sure, and all of
// it where it is not. Keys, tempos, phrases and chords are few, and what varies
// between songs: a min-p over them makes all phrases A.
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct NoteSampling {
  float temperature = 1;  ///< over 0
  float min_p = 0;        ///< 0: all

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "note_sampling.ipp"
#endif
