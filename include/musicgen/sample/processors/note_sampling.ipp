// Definitions of note_sampling.hpp.
#pragma once

#include "../min_p.hpp"
#include "../settings.hpp"
#include "note_sampling.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void NoteSampling::apply(Logits logits, const SongState&) const {
  detail::forbid_improbable_notes(logits, min_p, [](TokenKind) { return true; });
}

MUSICGEN_INLINE void NoteSampling::check() const {
  detail::require_within(min_p, 0, 1, "note_min_p");
}

}  // namespace musicgen::inline MUSICGEN_ABI
