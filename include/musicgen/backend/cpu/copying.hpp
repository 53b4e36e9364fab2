// Copying: the tokens after the positions that attention looks at get a share of the probability (pointer sentinel
// mixture: Merity et al. 2017; neural cache: Grave et al. 2017).
//
//   z (V+1), p = softmax(z)       P(k) = p_k + p_V sum over s < t with x_{s+1} = k of a_ts
//
// With r_y = p_y / P(y) and r_V = 1 - r_y, the shares of both terms in P(y):  dz = p - r,  da_ts = -p_V / P(y) where
// x_{s+1} = y.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "../../core/config.hpp"
#include "../../core/thread_pool.hpp"
#include "../../tokens/vocabulary.hpp"
#include "matrix.hpp"
#include "simd/elementwise.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// @param logits   (Q*B, V+1); becomes its gradient
/// @param weights  (B*Q, T), attention's
/// @param shares   (Q*B), assigned: p_V / (P(y) count)
/// @return         the mean loss over the targets
template <class Scalar>
Scalar copying_cross_entropy(Matrix<Scalar>& logits, const Matrix<Scalar>& weights, Index B,
                             std::span<const Token> inputs, std::span<const Token> targets, std::vector<Scalar>& nll,
                             std::vector<Scalar>& shares) {
  const Index N = logits.rows(), Q = N / B, T = weights.cols(), V = logits.cols() - 1;
  nll.assign(static_cast<std::size_t>(N), 0);
  shares.assign(static_cast<std::size_t>(N), 0);
  const auto count = std::count_if(targets.begin(), targets.end(), [](Token t) { return t != no_token; });
  const Scalar part = 1 / static_cast<Scalar>(std::max<std::ptrdiff_t>(1, count));
  thread_pool().parallel_for(N, [&](Index row) {
    Scalar* const z = logits.row(row).data();
    const Token y = targets[static_cast<std::size_t>(row)];
    if (y == no_token) {
      std::fill_n(z, V + 1, Scalar(0));
      return;
    }
    simd::softmax_row(z, V + 1);
    const Index q = row / B, b = row % B, t = T - Q + q;
    const Scalar* const a = weights.row(b * Q + q).data();
    Scalar copied = 0;
    for (Index s = 0; s < t; ++s)
      if (inputs[static_cast<std::size_t>((s + 1) * B + b)] == y) copied += a[s];
    const Scalar P = std::max(z[y] + z[V] * copied, Scalar(1e-30));
    const Scalar own = z[y] / P;
    nll[static_cast<std::size_t>(row)] = -std::log(P);
    shares[static_cast<std::size_t>(row)] = z[V] / P * part;
    z[y] -= own;
    z[V] -= 1 - own;
    for (Index k = 0; k <= V; ++k) z[k] *= part;
  });
  Scalar sum = 0;
  for (const Scalar one : nll) sum += one;
  return sum * part;
}

namespace detail {
/// Logarithms of probabilities, of 1e-30 for smaller ones.
template <class Scalar>
void to_logarithms(const Scalar* p, Index count, Scalar* logarithms) {
  for (Index k = 0; k < count; ++k) logarithms[k] = std::log(std::max(p[k], Scalar(1e-30)));
}
}  // namespace detail

/// log P of all tokens.
/// @param logits  (Q*B, V+1), meaningless afterwards
/// @param mixed   (Q*B, V), assigned
template <class Scalar>
void mix_copies(Matrix<Scalar>& logits, const Matrix<Scalar>& weights, Index B, std::span<const Token> inputs,
                Matrix<Scalar>& mixed) {
  const Index N = logits.rows(), Q = N / B, T = weights.cols(), V = logits.cols() - 1;
  mixed.resize(N, V);
  thread_pool().parallel_for(N, [&](Index row) {
    Scalar* const z = logits.row(row).data();
    simd::softmax_row(z, V + 1);
    const Index q = row / B, b = row % B, t = T - Q + q;
    const Scalar* const a = weights.row(b * Q + q).data();
    for (Index s = 0; s < t; ++s) z[inputs[static_cast<std::size_t>((s + 1) * B + b)]] += z[V] * a[s];
    detail::to_logarithms(z, V, mixed.row(row).data());
  });
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
