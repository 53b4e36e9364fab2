// Definitions of muon.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "adam.hpp"
#include "muon.hpp"
#include "product.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

MUSICGEN_INLINE int muon_parts(std::string_view name) {
  return name.starts_with("gru.weight") ? 3 : name == "combine_ctx.weight" ? 1 : 0;
}

/// Memory of the calling thread, which only grows.
template <class Scalar>
struct MuonScratch {
  std::vector<Scalar> x, a, p, y;
  static MuonScratch& of_this_thread() {
    thread_local MuonScratch scratch;
    return scratch;
  }
  static View<Scalar> take(std::vector<Scalar>& memory, Index rows, Index columns) {
    if (std::ssize(memory) < rows * columns) memory.resize(static_cast<std::size_t>(rows * columns));
    return {memory.data(), rows, columns, columns};
  }
};

template <class Scalar>
void orthogonalize(View<Scalar> x) {
  auto& scratch = MuonScratch<Scalar>::of_this_thread();
  const View<Scalar> a = scratch.take(scratch.a, x.rows, x.rows), p = scratch.take(scratch.p, x.rows, x.rows),
                     y = scratch.take(scratch.y, x.rows, x.columns);
  auto X = map(x), A = map(a), P = map(p), Y = map(y);
  const std::span<const Scalar> all(x.data, static_cast<std::size_t>(x.rows * x.columns));
  X *= static_cast<Scalar>(1 / (std::sqrt(sum_of_squares(all)) + 1e-12));
  for (int i = 0; i < 5; ++i) {
    product<Scalar>(x, View<const Scalar>(x).transposed(), a);
    product<Scalar>(a, View<const Scalar>(a), p);
    P = Scalar(-4.7750) * A + Scalar(2.0315) * P;
    product<Scalar>(p, View<const Scalar>(x), y);
    X = Scalar(3.4445) * X + Y;
  }
}

template <class Scalar>
void muon_update(View<Scalar> w, View<const Scalar> g, View<Scalar> m, double learning_rate, double scale,
                 const OptimizerOptions& options) {
  const auto S = [](double x) { return static_cast<Scalar>(x); };
  const Scalar mu = S(options.muon_momentum), rest = S((1 - options.muon_momentum) * scale);
  const Index few = std::min(w.rows, w.columns), many = std::max(w.rows, w.columns);
  auto& scratch = MuonScratch<Scalar>::of_this_thread();
  const View<Scalar> x = scratch.take(scratch.x, few, many);
  auto W = map(w), M = map(m), X = map(x);
  const auto G = map(g);
  const bool high = w.rows > w.columns;
  M = mu * M + rest * G;
  if (high)
    X = (mu * M + rest * G).transpose();
  else
    X = mu * M + rest * G;
  orthogonalize(x);
  const Scalar step = S(learning_rate * 0.2 * std::sqrt(static_cast<double>(many)));
  W *= S(1 - learning_rate * options.weight_decay);
  if (high)
    W -= step * X.transpose();
  else
    W -= step * X;
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
