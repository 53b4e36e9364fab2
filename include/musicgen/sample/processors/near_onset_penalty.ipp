// Definitions of near_onset_penalty.hpp.
#pragma once

#include <cmath>
#include <cstdint>

#include "../settings.hpp"
#include "near_onset_penalty.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void NearOnsetPenalty::apply(Logits logits, const SongState& song) const {
  constexpr std::int64_t apart = 8;  // steps
  if (!(penalty > 0) || !song.last_onset() || logits.vocabulary().has_beats()) return;
  const std::int64_t since = song.steps_since_onset();
  if (since > apart) return;
  const double strength = static_cast<double>(penalty);
  if (since > 0) logits.add(TokenKind::note_on, -strength);
  const double step = std::log((1 + std::exp(-strength)) / 2);
  for (std::int64_t n = 1; since + n <= apart; ++n) logits.add(logits.times()[static_cast<std::size_t>(n - 1)], step);
}

MUSICGEN_INLINE void NearOnsetPenalty::check() const {
  detail::require_within(penalty, 0, 10, "near_onset_penalty");
}

}  // namespace musicgen::inline MUSICGEN_ABI
