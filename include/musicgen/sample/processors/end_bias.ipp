// Definitions of end_bias.hpp.
#pragma once

#include <algorithm>
#include <cmath>

#include "../settings.hpp"
#include "end_bias.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void EndBias::apply(Logits logits, const SongState& song) const {
  if (!after || !std::isfinite(after->count())) return;
  const SongState::Place& place = song.place();
  if (place.bars_left > 1) return;  // of a phrase: songs end with a phrase
  const double early = std::min(0.0, song.time().count() - std::min(after->count() / 2, 60.0));
  const double late = std::max(0.0, (song.time() - song.prompt_time()).count() - after->count());
  const double bias = (early + late) / 5;
  logits.add(logits.vocabulary().end(), bias);
  if (place.phrase != 0 && place.bars_left == 0) logits.add(TokenKind::note_off, bias);
}

MUSICGEN_INLINE void EndBias::check() const {
  detail::require_option(!after || after->count() > 0, "end_bias_after", "over 0");
}

}  // namespace musicgen::inline MUSICGEN_ABI
