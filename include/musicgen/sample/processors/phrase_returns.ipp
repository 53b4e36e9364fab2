// Definitions of phrase_returns.hpp.
#pragma once

#include "../min_p.hpp"
#include "../settings.hpp"
#include "phrase_returns.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void PhraseReturns::apply(Logits logits, const SongState& song) const {
  if (song.place().returns == 0) return;
  logits.add(TokenKind::repeat, static_cast<double>(repeat_bias));
  detail::forbid_improbable_notes(logits, min_p, [](TokenKind kind) { return kind != TokenKind::time; });
}

MUSICGEN_INLINE void PhraseReturns::check() const {
  detail::require_within(min_p, 0, 1, "return_min_p");
  detail::require_within(repeat_bias, -10, 10, "repeat_bias");
}

}  // namespace musicgen::inline MUSICGEN_ABI
