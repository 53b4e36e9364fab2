// Definitions of timing_sharpness.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "../settings.hpp"
#include "timing_sharpness.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void TimingSharpness::apply(Logits logits, const SongState&) const {
  constexpr double negligible = 1e-200;
  constexpr std::size_t reach = 3;
  // e^(-d^2 / (2 1.5^2)) for d = -3..3 steps
  constexpr std::array<double, 2 * reach + 1> kernel{0.13533528323661270, 0.41111229050718745, 0.80073740291680804, 1,
                                                     0.80073740291680804, 0.41111229050718745, 0.13533528323661270};
  if (sharpness == 0 || logits.vocabulary().has_beats()) return;
  const double b = 1 + static_cast<double>(sharpness);
  std::array<double, max_time_steps> x{};
  double largest = Logits::forbidden;
  for (std::size_t k = 0; k < x.size(); ++k) {
    x[k] = logits[logits.times()[k]];
    largest = std::max(largest, x[k]);
  }
  if (largest == Logits::forbidden) return;
  // Stored from `reach` on, so that neighbours need no bounds checks.
  std::array<double, max_time_steps + 2 * reach> p{}, sharp{};
  for (std::size_t k = 0; k < x.size(); ++k) {
    p[reach + k] = std::exp(x[k] - largest);
    sharp[reach + k] = std::exp(b * (x[k] - largest));
  }
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (sharp[reach + k] < negligible) continue;  // will not come; 0 / 0 below if its neighbours will not either
    double of_p = 0, of_sharp = 0;
    for (std::size_t d = 0; d < kernel.size(); ++d) {
      of_p += kernel[d] * p[k + d];
      of_sharp += kernel[d] * sharp[k + d];
    }
    logits.add(logits.times()[k], (b - 1) * (x[k] - largest) + std::log(of_p / of_sharp));
  }
}

MUSICGEN_INLINE void TimingSharpness::check() const {
  detail::require_within(sharpness, 0, 10, "timing_sharpness");
}

}  // namespace musicgen::inline MUSICGEN_ABI
