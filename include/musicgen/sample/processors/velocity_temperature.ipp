// Definitions of velocity_temperature.hpp.
#pragma once

#include <cmath>

#include "../settings.hpp"
#include "velocity_temperature.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void VelocityTemperature::apply(Logits logits, const SongState& song) const {
  if (song.group() != SongState::Group::on) return;
  const double factor =
      static_cast<double>(temperature * detail::variation_factor(variation, 0.3f, song.variation().velocity));
  if (factor == 1) return;
  for (Token t = 0; t < logits.size(); ++t) logits.set(t, logits[t] / factor);
}

MUSICGEN_INLINE void VelocityTemperature::check() const {
  detail::require_option(temperature > 0 && std::isfinite(temperature), "velocity_temperature", "over 0");
  detail::require_within(variation, 0, 10, "variation of the velocity_temperature");
}

}  // namespace musicgen::inline MUSICGEN_ABI
