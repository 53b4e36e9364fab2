// Definitions of density.hpp.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "../settings.hpp"
#include "density.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void Density::apply(Logits logits, const SongState& song) const {
  static const std::array<double, max_time_steps> longer = [] {  // of steps of 10 ms
    constexpr double usual_seconds = 0.15;
    std::array<double, max_time_steps> all{};
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = std::log(static_cast<double>(i + 1) * step_seconds / usual_seconds);
    return all;
  }();
  if (density == 0) return;
  const float amount = -density * detail::variation_factor(variation, 0.5f, song.variation().density);
  const double step = logits.vocabulary().has_beats() ? std::log(song.step_length().count() / step_seconds) : 0;
  for (std::size_t i = 0; i < logits.times().size(); ++i)
    logits.add(logits.times()[i], static_cast<double>(amount) * (longer[i] + step));
}

MUSICGEN_INLINE void Density::check() const {
  detail::require_within(density, -10, 10, "density");
  detail::require_within(variation, 0, 10, "variation of the density");
}

}  // namespace musicgen::inline MUSICGEN_ABI
