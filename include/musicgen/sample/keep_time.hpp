// Keeps time: of time steps that are nearly equal, the more probable become more so.
//
//   p'_k = p_k^b (K * p)_k / (K * p^b)_k      p_k: of k steps; b = 1 + strength; K a Gaussian of 15 ms, cut at 30 ms
//
// Where a note of the beat comes, a model gives the hundredths of a second around it some probability too. A song that
// takes one of those is a little late, the next choice is made from there, and after some of them there is no beat left
// to keep to. A temperature for time steps would mend that and favour the shorter of two that are far apart, whose
// probability lies on fewer steps. Here only steps within reach of each other compete, for what they have together: a
// neighbourhood as a whole stays about as probable as it was (a broad one loses a little).
//
// t100 stands for all that is longer, too, and competes like any other: in music little is just below it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "../core/config.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// @param times     the tokens of 1, 2, ..., 100 steps
/// @param logits    (V) of the model
/// @param allowed   (V) 0: may not come
/// @param strength  0: as it is; 1: one step twice as probable as another next to it becomes nearly four times
/// @param bias      (V) that is added to the logits; what is changed are its time steps
template <class Scalar>
void keep_time(std::span<const std::uint32_t> times, std::span<const Scalar> logits,
               std::span<const std::uint8_t> allowed, float strength, std::span<float> bias) {
  constexpr double infinity = std::numeric_limits<double>::infinity(), negligible = 1e-200;
  constexpr std::size_t reach = 3;
  // e^(-d^2 / (2 1.5^2)) for d = -3..3 steps
  constexpr std::array<double, 2 * reach + 1> kernel{0.13533528323661270, 0.41111229050718745, 0.80073740291680804, 1,
                                                     0.80073740291680804, 0.41111229050718745, 0.13533528323661270};
  if (strength == 0) return;
  const double b = 1 + static_cast<double>(strength);
  std::array<double, max_time_steps> x{};
  double largest = -infinity;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const std::size_t v = times[k];
    x[k] = static_cast<double>(logits[v]) + static_cast<double>(bias[v]);
    if (!allowed[v] || std::isnan(x[k])) x[k] = -infinity;  // as the chooser has it
    largest = std::max(largest, x[k]);
  }
  if (!std::isfinite(largest)) return;
  // From `reach` on, so that neighbours need no bounds.
  std::array<double, max_time_steps + 2 * reach> p{}, sharp{};
  for (std::size_t k = 0; k < x.size(); ++k) {
    p[reach + k] = std::exp(x[k] - largest);
    sharp[reach + k] = std::exp(b * (x[k] - largest));
  }
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (sharp[reach + k] < negligible) continue;  // it will not come, and is 0 / 0 below where none near it does
    double of_p = 0, of_sharp = 0;
    for (std::size_t d = 0; d < kernel.size(); ++d) {
      of_p += kernel[d] * p[k + d];
      of_sharp += kernel[d] * sharp[k + d];
    }
    bias[times[k]] += static_cast<float>((b - 1) * (x[k] - largest) + std::log(of_p / of_sharp));
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI
