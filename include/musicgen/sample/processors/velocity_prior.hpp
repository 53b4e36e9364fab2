// Keeps a song near the usual loudness of the music that the model learned from.
//
//   x(vN) -= strength ((N - usual) / 20)^2
//
// A model stays as loud as it begins, since each note is most likely as loud as the ones before; real songs come nearer
// to each other in their first minute. A strength that hardly changes a single choice adds up over a hundred notes:
// with 0.1 mean velocities are 81 +- 9.6, real ones 81 +- 9.4, without 80 +- 12 (docs/experiments.md).
#pragma once

#include <optional>

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct VelocityPrior {
  std::optional<int> usual{};  ///< 1..127, as MusicProfile::usual_velocity; not known: no effect
  float strength = 0;          ///< 0: as the model says; at most 10

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "velocity_prior.ipp"
#endif
