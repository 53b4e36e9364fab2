// Safer or more daring pitches, without a change of rhythm.
//
//   over note-ons N alone:  x_v := log sum_N e^x + log q_v,  q = softmax_N(x / temperature), cut by top-p, then by
//                           min-p (token_sampler.hpp)
//
// How likely any note is to begin does not change. Over all tokens, low temperatures and small nuclei shorten gaps and
// notes, and songs grow dense. A min-p cuts only implausible pitches; a top-p also cuts plausible ones if there are
// many. At 1.09 with a min-p of 0.055 songs use 28.1 +- 5.5 pitches a minute, real ones 27.4 +- 5.3; without it, the
// model of 384 units used 40 (docs/results.md, docs/experiments.md). Should come after all other rules about pitches.
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct PitchSampling {
  float temperature = 1;  ///< over 0
  float top_p = 1;        ///< 1: all
  float min_p = 0;        ///< 0: all

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "pitch_sampling.ipp"
#endif
