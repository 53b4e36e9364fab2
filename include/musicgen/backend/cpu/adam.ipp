// Definitions of adam.hpp.
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "../../core/thread_pool.hpp"
#include "adam.hpp"
#include "matrix.hpp"

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
  using Array = Eigen::Array<Scalar, Eigen::Dynamic, 1>;
  const auto S = [](double x) { return static_cast<Scalar>(x); };
  const double correction1 = 1 - std::pow(options.beta1, static_cast<double>(t));
  const double correction2 = 1 - std::pow(options.beta2, static_cast<double>(t));
  const Scalar step = S(learning_rate / correction1), root = S(1 / std::sqrt(correction2));
  constexpr Index chunk = 1 << 14;
  const Index size = static_cast<Index>(w.size());
  thread_pool().parallel_for((size + chunk - 1) / chunk, [&](Index c) {
    const Index first = c * chunk, n = std::min(chunk, size - first);
    Eigen::Map<Array> W(w.data() + first, n), M(m.data() + first, n), V(v.data() + first, n);
    const Eigen::Map<const Array> G(g.data() + first, n);
    if (options.weight_decay != 0) W *= S(1 - learning_rate * options.weight_decay);
    M = S(options.beta1) * M + S(1 - options.beta1) * (S(scale) * G);
    V = S(options.beta2) * V + S(1 - options.beta2) * (S(scale) * G).square();
    W -= step * M / (V.sqrt() * root + S(options.epsilon));
  });
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
