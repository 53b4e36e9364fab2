// Songs keep the tempo that they began with.
//
//   x(T) -= penalty   once there is a tempo
//
// Recorded songs have a bar now and then that is played slower, and the next one goes back. Models learn the former
// better than the latter: without this rule 9 of 24 of the bundled model's songs go on at another tempo, down to less than
// half. What a plan asks for comes nevertheless.
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"
#include "../settings.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct SteadyTempo {
  float penalty = 0;  ///< 0: as the model says; 10: hardly ever; within 0..100

  void apply(Logits logits, const SongState& song) const {
    if (penalty != 0 && song.place().tempo != 0) logits.add(TokenKind::tempo, -static_cast<double>(penalty));
  }
  void check() const { detail::require_within(penalty, 0, 100, "steady_tempo_penalty"); }
};

}  // namespace musicgen::inline MUSICGEN_ABI
