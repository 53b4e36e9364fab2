// Fewer notes a second, or more.
//
//   x(tN) += -d log(s / 0.15)     s: the seconds that tN stands for
//   d = density e^(0.5 variation z)
//
// This multiplies the probability of a time step by a power of its length. Sampled without it, songs have the mean
// density of real ones and three fifths of its spread; with a density of -0.2 and a variation of 1 they have 6.5 +- 1.7
// notes/s, real ones 6.2 +- 1.9 (docs/experiments.md).
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct Density {
  float density = 0;    ///< over 0: more notes, under 0: fewer; 0.1 is audible; within -10..10
  float variation = 0;  ///< how much songs differ in it; 0: not at all; at most 10

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "density.ipp"
#endif
