// Definitions of token_sampler.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include "../core/error.hpp"
#include "nucleus.hpp"
#include "token_sampler.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE double log_sum_exp(std::span<const double> logits) {
  const double max = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const double x : logits) {
    if (!std::isfinite(x)) throw Error("the model's logits are not finite");
    sum += std::exp(x - max);
  }
  return max + std::log(sum);
}

namespace detail {
/// The token at which the running sum of p passes `uniform` times the total.
inline std::size_t draw(std::span<const double> p, double uniform) {
  double rest = uniform * std::accumulate(p.begin(), p.end(), 0.0);
  std::size_t last = 0;
  for (std::size_t v = 0; v < p.size(); ++v) {
    if (p[v] == 0) continue;
    last = v;
    rest -= p[v];
    if (rest < 0) break;
  }
  return last;  // rounding may leave a remainder: then the last possible token
}
}  // namespace detail

MUSICGEN_INLINE Token TokenSampler::choose(std::span<double> logits, const ChoiceOptions& options, Random& random) {
  constexpr double never = -std::numeric_limits<double>::infinity();
  const auto best = std::max_element(logits.begin(), logits.end());
  if (!(options.temperature > 0)) return static_cast<Token>(best - logits.begin());
  const double largest = *best;
  for (double& x : logits) x = x == never ? 0 : std::exp((x - largest) / static_cast<double>(options.temperature));
  truncate(logits, options);
  return static_cast<Token>(detail::draw(logits, random.uniform()));
}

/// Sets to 0 what top-k, top-p and min-p exclude. Probabilities need not sum to 1; the largest is 1.
MUSICGEN_INLINE void TokenSampler::truncate(std::span<double> p, const ChoiceOptions& options) {
  if (options.top_k > 0 || options.top_p < 1) {
    const auto begin = order_.begin();
    auto end = begin;
    for (std::uint32_t v = 0; v < p.size(); ++v)
      if (p[v] > 0) *end++ = v;
    auto kept = end;
    if (options.top_k > 0 && options.top_k < end - begin) {
      kept = begin + options.top_k;
      std::nth_element(begin, kept, end, detail::more_probable(p));
    }
    if (options.top_p < 1) kept = detail::nucleus(begin, kept, p, static_cast<double>(options.top_p));
    for (; kept != end; ++kept) p[*kept] = 0;
  }
  if (options.min_p > 0)
    for (double& x : p)
      if (x < static_cast<double>(options.min_p)) x = 0;
}

}  // namespace musicgen::inline MUSICGEN_ABI
