// How even the loudness of notes is.
//
//   x := x / T  where a velocity comes next,  T = temperature e^(0.3 variation z)
//
// so that SamplerOptions::temperature is multiplied by T there. With 1.05 times e^N(0, 0.3^2) for each song, and a
// velocity prior of 0.08, the spread of velocities is 12.8 +- 6.0, in real songs 13.2 +- 5.9; if it is alike in all
// songs, the overlap is 0.088 below that of real songs (docs/experiments.md). Should come last of all rules, since
// those before work on log-probabilities.
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct VelocityTemperature {
  float temperature = 1;  ///< over 0; under 1: more even
  float variation = 0;    ///< how much songs differ in it; 0: not at all; at most 10

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "velocity_temperature.ipp"
#endif
