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
#include "simd/arithmetic.hpp"

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

namespace detail {
/// Where row i begins.
template <class T>
T* row_of(View<T> x, Index i) {
  return x.data + i * x.row_stride;
}
}  // namespace detail

template <class Scalar>
void orthogonalize(View<Scalar> x) {
  auto& scratch = MuonScratch<Scalar>::of_this_thread();
  const View<Scalar> a = scratch.take(scratch.a, x.rows, x.rows), p = scratch.take(scratch.p, x.rows, x.rows),
                     y = scratch.take(scratch.y, x.rows, x.columns);
  const Index size = x.rows * x.columns, square = x.rows * x.rows;
  const std::span<const Scalar> all(x.data, static_cast<std::size_t>(size));
  const auto norm = static_cast<Scalar>(1 / (std::sqrt(sum_of_squares(all)) + 1e-12));
  simd::transform_row(size, x.data, [&](const auto& X) { return X * norm; });
  for (int i = 0; i < 5; ++i) {
    product<Scalar>(x, View<const Scalar>(x).transposed(), a);
    product<Scalar>(a, View<const Scalar>(a), p);
    simd::transform_row(
        square, p.data, [](const auto& AA, const auto& A) { return Scalar(-4.7750) * A + Scalar(2.0315) * AA; },
        a.data);
    product<Scalar>(p, View<const Scalar>(x), y);
    simd::transform_row(
        size, x.data, [](const auto& X, const auto& PX) { return Scalar(3.4445) * X + PX; }, y.data);
  }
}

template <class Scalar>
void muon_update(View<Scalar> w, View<const Scalar> g, View<Scalar> m, double learning_rate, double scale,
                 const OptimizerOptions& options) {
  const auto S = [](double x) { return static_cast<Scalar>(x); };
  const Scalar mu = S(options.muon_momentum), rest = S((1 - options.muon_momentum) * scale);
  const Index few = std::min(w.rows, w.columns), many = std::max(w.rows, w.columns), columns = w.columns;
  auto& scratch = MuonScratch<Scalar>::of_this_thread();
  const View<Scalar> x = scratch.take(scratch.x, few, many);
  const bool high = w.rows > w.columns;
  const View<Scalar> direction = high ? x.transposed() : x;  // of w's shape
  const auto mixed = [&](const auto& M, const auto& G) { return mu * M + rest * G; };
  for (Index i = 0; i < w.rows; ++i) {
    Scalar* M = detail::row_of(m, i);
    const Scalar* G = detail::row_of(g, i);
    simd::transform_row(columns, M, mixed, G);
    Scalar* X = detail::row_of(direction, i);
    if (high)
      for (Index j = 0; j < columns; ++j) X[j * many] = mixed(M[j], G[j]);
    else
      simd::transform_row(
          columns, X, [&](const auto&, const auto& mean, const auto& now) { return mixed(mean, now); },
          static_cast<const Scalar*>(M), G);
  }
  orthogonalize(x);
  const Scalar step = S(learning_rate * 0.2 * std::sqrt(static_cast<double>(many)));
  const Scalar kept = S(1 - learning_rate * options.weight_decay);
  for (Index i = 0; i < w.rows; ++i) {
    Scalar* W = detail::row_of(w, i);
    const Scalar* X = detail::row_of(direction, i);
    const auto moved = [&](const auto& before, const auto& towards) { return before * kept - step * towards; };
    if (high)
      for (Index j = 0; j < columns; ++j) W[j] = moved(W[j], X[j * many]);
    else
      simd::transform_row(columns, W, moved, X);
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
