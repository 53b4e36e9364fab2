// Definitions of note_sampling.hpp.
#pragma once

#include <algorithm>
#include <cmath>

#include "../settings.hpp"
#include "note_sampling.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void NoteSampling::apply(Logits logits, const SongState&) const {
  if (temperature == 1 && min_p == 0) return;
  const auto for_each_token = [&](auto&& change) {
    for (Token v = 0; v < logits.size(); ++v)
      if (logits.vocabulary()[v].kind < TokenKind::bar) change(v, logits[v]);
  };
  double largest = Logits::forbidden;
  for_each_token([&](Token, double x) { largest = std::max(largest, x); });
  if (largest == Logits::forbidden) return;
  const double least = largest + std::log(static_cast<double>(min_p));
  for_each_token([&](Token v, double x) {
    const double sharpened = largest + (x - largest) / static_cast<double>(temperature);
    sharpened < least ? logits.forbid(v) : logits.set(v, sharpened);
  });
}

MUSICGEN_INLINE void NoteSampling::check() const {
  detail::require_option(temperature > 0 && std::isfinite(temperature), "note_temperature", "over 0");
  detail::require_within(min_p, 0, 1, "note_min_p");
}

}  // namespace musicgen::inline MUSICGEN_ABI
