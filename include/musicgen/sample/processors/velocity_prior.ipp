// Definitions of velocity_prior.hpp.
#pragma once

#include "../settings.hpp"
#include "velocity_prior.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void VelocityPrior::apply(Logits logits, const SongState&) const {
  if (!usual || strength == 0) return;
  for (const Token velocity : logits.tokens(TokenKind::velocity)) {
    const double away = (logits.vocabulary()[velocity].value - *usual) / 20.0;
    logits.add(velocity, static_cast<double>(-strength) * away * away);
  }
}

MUSICGEN_INLINE void VelocityPrior::check() const {
  detail::require_within(strength, 0, 10, "velocity_prior");
}

}  // namespace musicgen::inline MUSICGEN_ABI
