// Definitions of chord_size_penalty.hpp.
#pragma once

#include "../settings.hpp"
#include "chord_size_penalty.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void ChordSizePenalty::apply(Logits logits, const SongState& song) const {
  if (penalty != 0 && song.last_onset() == song.steps() && song.notes_at_onset() > 1)
    logits.add(TokenKind::note_on, static_cast<double>(-penalty));
}

MUSICGEN_INLINE void ChordSizePenalty::check() const {
  detail::require_within(penalty, -10, 10, "chord_size_penalty");
}

}  // namespace musicgen::inline MUSICGEN_ABI
