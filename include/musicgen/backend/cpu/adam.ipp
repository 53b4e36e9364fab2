// Definitions of adam.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "../../core/thread_pool.hpp"
#include "adam.hpp"
#include "matrix.hpp"
#include "simd/arithmetic.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

template <class Scalar>
double sum_of_squares(std::span<const Scalar> x) {
  constexpr std::size_t parts = 64, lanes = 8;
  std::array<double, parts> sums{};
  const std::size_t length = (x.size() / parts + lanes) / lanes * lanes;
  const auto sum_part = [&](std::int64_t part) {
    const std::size_t first = std::min(x.size(), static_cast<std::size_t>(part) * length);
    const std::size_t last = std::min(x.size(), first + length);
    double sum[lanes] = {};
    std::size_t i = first;
    for (; i + lanes <= last; i += lanes)
      for (std::size_t j = 0; j < lanes; ++j) sum[j] += static_cast<double>(x[i + j]) * static_cast<double>(x[i + j]);
    for (; i < last; ++i) sum[0] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    sums[static_cast<std::size_t>(part)] = std::accumulate(sum, sum + lanes, 0.0);
  };
  thread_pool().parallel_for(parts, sum_part);
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

template <class Scalar>
void adam_update(std::span<Scalar> w, std::span<const Scalar> g, std::span<Scalar> m, std::span<Scalar> v,
                 std::int64_t t, double learning_rate, double scale, const OptimizerOptions& options) {
  const auto S = [](double x) { return static_cast<Scalar>(x); };
  const double correction1 = 1 - std::pow(options.beta1, static_cast<double>(t));
  const double correction2 = 1 - std::pow(options.beta2, static_cast<double>(t));
  const Scalar step = S(learning_rate / correction1), root = S(1 / std::sqrt(correction2));
  const Scalar beta1 = S(options.beta1), rest1 = S(1 - options.beta1), beta2 = S(options.beta2),
               rest2 = S(1 - options.beta2), clip = S(scale), epsilon = S(options.epsilon),
               kept = S(1 - learning_rate * options.weight_decay);
  constexpr Index chunk = 1 << 14;
  const Index size = static_cast<Index>(w.size());
  thread_pool().parallel_for((size + chunk - 1) / chunk, [&](Index c) {
    const Index first = c * chunk, n = std::min(chunk, size - first);
    Scalar *W = w.data() + first, *M = m.data() + first, *V = v.data() + first;
    const Scalar* G = g.data() + first;
    simd::transform_row(
        n, M, [&](const auto& mean, const auto& x) { return beta1 * mean + rest1 * (clip * x); }, G);
    simd::transform_row(
        n, V, [&](const auto& mean, const auto& x) { return beta2 * mean + rest2 * ((clip * x) * (clip * x)); }, G);
    simd::transform_row(
        n, W,
        [&](const auto& weight, const auto& mean, const auto& square) {
          auto deviation = square;
          simd::square_root(deviation);
          return weight * kept - step * mean / (deviation * root + epsilon);
        },
        static_cast<const Scalar*>(M), static_cast<const Scalar*>(V));
  });
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
