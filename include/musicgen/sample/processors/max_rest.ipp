// Definitions of max_rest.hpp.
#pragma once

#include "../settings.hpp"
#include "max_rest.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void MaxRest::apply(Logits logits, const SongState& song) const {
  if (!length) return;
  const double overdue = (song.time_since_onset() - *length).count();
  if (overdue > 0) logits.add(TokenKind::time, -overdue);
}

MUSICGEN_INLINE void MaxRest::check() const {
  detail::require_option(!length || length->count() > 0, "max_rest", "over 0");
}

}  // namespace musicgen::inline MUSICGEN_ABI
