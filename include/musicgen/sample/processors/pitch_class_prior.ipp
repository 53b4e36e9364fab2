// Definitions of pitch_class_prior.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

#include "../settings.hpp"
#include "pitch_class_prior.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void PitchClassHistogram::add(int pitch) {
  for (double& weight : weights_) weight *= decay;
  weights_[static_cast<std::size_t>(pitch % 12)] += 1;
}

MUSICGEN_INLINE std::array<double, 12> PitchClassHistogram::prior(float strength) const {
  const double sum = std::accumulate(weights_.begin(), weights_.end(), 12.0);
  std::array<double, 12> all{};
  for (std::size_t c = 0; c < 12; ++c)
    all[c] = static_cast<double>(strength) * std::min(0.0, std::log(24 * (weights_[c] + 1) / sum));
  return all;
}

MUSICGEN_INLINE void PitchClassPrior::apply(Logits logits, const SongState& state) const {
  if (!(strength > 0) || (logits.grammar() && state.group() != SongState::Group::none)) return;
  const auto prior = song.prior(strength * detail::variation_factor(variation, 1.2f, state.variation().pitch_class));
  for (const Token on : logits.tokens(TokenKind::note_on))
    logits.add(on, prior[static_cast<std::size_t>(logits.vocabulary()[on].value % 12)]);
}

MUSICGEN_INLINE void PitchClassPrior::observe(TokenEvent token, const SongState&) {
  if (token.kind == TokenKind::note_on) song.add(token.value);
}

MUSICGEN_INLINE void PitchClassPrior::check() const {
  detail::require_within(strength, 0, 10, "pitch_class_prior");
  detail::require_within(variation, 0, 10, "variation of the pitch_class_prior");
}

}  // namespace musicgen::inline MUSICGEN_ABI
