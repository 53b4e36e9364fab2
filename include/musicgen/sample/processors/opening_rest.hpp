// Songs begin with a note.
//
//   x(t), x(CN) -= penalty   until the first note; CN: no chord, as in an empty bar
//
// Where a plan asks for no chord, it asks for silence, and this rule does nothing. It comes before rules that leave out
// what is improbable, or these would leave out the notes.
//
// People wait for music to begin. Songs that are written down against a recording begin with as many empty bars as that
// has before the first note: without this rule a quarter of the bundled model's songs begin with over 3.7 s of silence,
// and one of 24 with 17 s.
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"
#include "../settings.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct OpeningRest {
  float penalty = 0;  ///< 0: as the model says; 10: hardly ever; within 0..100

  void apply(Logits logits, const SongState& song) const {
    if (penalty == 0 || song.last_note() || song.place().chord == no_chord) return;
    logits.add(TokenKind::time, -static_cast<double>(penalty));
    logits.add(logits.vocabulary().find(TokenKind::chord, no_chord), -static_cast<double>(penalty));
  }
  void check() const { detail::require_within(penalty, 0, 100, "opening_rest_penalty"); }
};

}  // namespace musicgen::inline MUSICGEN_ABI
