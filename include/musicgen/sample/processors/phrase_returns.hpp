// Phrases that return do so recognizably. In a phrase whose letter has come before:
//
//   x(R) += repeat_bias                                    R: the bar has the melody that it had the last time
//   never note-ons, note-offs and tracks with p_v < min_p max_N p     N: as in NoteSampling
//
// What returns is copied token by token, and a song that has once left what it was copying does not come back to it.
// New phrases may be daring; those that return should be sure. In a stream that does not end nearly all phrases return,
// and it has fewer pitches than its first minutes. Times are left alone, or songs strike one chord for ever.
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct PhraseReturns {
  float min_p = 0;        ///< 0: all
  float repeat_bias = 0;  ///< log 2 doubles the odds of a repeat; within -10..10

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "phrase_returns.ipp"
#endif
