// Songs keep the tempo and the metre that they began with.
//
//   x(T), x(M) -= penalty   once there are a tempo and a first bar
//
// Recorded songs have a bar now and then that is played slower or is a beat short, and the next one goes back. Models
// learn the former better than the latter: without this rule 9 of 24 of the bundled model's songs go on at another
// tempo, down to less than half, and 9 of 16 have bars of other metres. What a plan asks for comes nevertheless.
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"
#include "../settings.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct SteadyBeat {
  float penalty = 0;  ///< 0: as the model says; 10: hardly ever; within 0..100

  void apply(Logits logits, const SongState& song) const {
    if (penalty == 0) return;
    if (song.place().tempo != 0) logits.add(TokenKind::tempo, -static_cast<double>(penalty));
    if (song.place().bars > 1) logits.add(TokenKind::meter, -static_cast<double>(penalty));
  }
  void check() const { detail::require_within(penalty, 0, 100, "steady_beat_penalty"); }
};

}  // namespace musicgen::inline MUSICGEN_ABI
