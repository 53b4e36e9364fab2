// How even the loudness of notes is.
//
//   x := x / T  where a velocity comes next,  T = temperature e^(0.3 variation z)
//
// so that SamplerOptions::temperature is multiplied by T there. Each song at 1.05 times e^N(0, 0.3^2), with a velocity
// prior of 0.08, has a spread of velocities of 12.8 +- 6.0, real songs 13.2 +- 5.9; alike in all songs the overlap was
// 0.088 below (docs/experiments.md). The last of all rules, since those before speak of log-probabilities.
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct VelocityTemperature {
  float temperature = 1;  ///< over 0; under 1: more even
  float variation = 0;    ///< how much songs differ in it; 0: not; at most 10

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "velocity_temperature.ipp"
#endif
