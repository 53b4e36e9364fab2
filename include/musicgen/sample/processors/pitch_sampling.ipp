// Definitions of pitch_sampling.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "../nucleus.hpp"
#include "../settings.hpp"
#include "pitch_sampling.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void PitchSampling::apply(Logits logits, const SongState&) const {
  if (temperature == 1 && top_p == 1 && min_p == 0) return;
  const std::span<const Token> pitches = logits.tokens(TokenKind::note_on);
  double largest = Logits::forbidden, all = 0, kept = 0;
  for (const Token v : pitches) largest = std::max(largest, logits[v]);
  if (largest == Logits::forbidden) return;
  std::array<double, pitch_count> q{};
  std::array<std::uint32_t, pitch_count> order{};
  auto end = order.begin();
  for (std::size_t i = 0; i < pitches.size(); ++i) {
    const double x = logits[pitches[i]] - largest;
    all += std::exp(x);
    q[i] = std::exp(x / static_cast<double>(temperature));
    if (q[i] > 0) *end++ = static_cast<std::uint32_t>(i);
  }
  if (top_p < 1)
    for (auto cut = detail::nucleus(order.begin(), end, q, static_cast<double>(top_p)); cut != end; ++cut) q[*cut] = 0;
  for (double& part : q) {
    if (part < static_cast<double>(min_p)) part = 0;
    kept += part;
  }
  for (std::size_t i = 0; i < pitches.size(); ++i) logits.set(pitches[i], largest + std::log(q[i] * (all / kept)));
}

MUSICGEN_INLINE void PitchSampling::check() const {
  detail::require_option(temperature > 0 && std::isfinite(temperature), "pitch_temperature", "over 0");
  detail::require_option(top_p > 0 && top_p <= 1, "pitch_top_p", "over 0 and at most 1");
  detail::require_within(min_p, 0, 1, "pitch_min_p");
}

}  // namespace musicgen::inline MUSICGEN_ABI
