// Definitions of loss.hpp.
#pragma once

#include <algorithm>
#include <string>

#include "../../core/error.hpp"
#include "../../core/thread_pool.hpp"
#include "loss.hpp"
#include "simd/arithmetic.hpp"
#include "simd/elementwise.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

template <class Scalar>
Scalar softmax_cross_entropy(Matrix<Scalar>& logits, std::span<const Token> targets, std::vector<Scalar>& nll) {
  const Index N = logits.rows(), V = logits.cols();
  Index n = 0;
  for (Index i = 0; i < N; ++i) {
    const Token y = targets[static_cast<std::size_t>(i)];
    if (y != no_token && (y < 0 || y >= V))
      throw Error("loss: target " + std::to_string(y) + " in row " + std::to_string(i) + ": the vocabulary has " +
                  std::to_string(V) + " tokens");
    n += y != no_token;
  }
  nll.assign(targets.size(), Scalar(0));
  thread_pool().parallel_for(N, [&](Index i) {
    const Token y = targets[static_cast<std::size_t>(i)];
    Scalar* row = logits.row(i).data();
    if (y == no_token) {
      std::fill_n(row, V, Scalar(0));
      return;
    }
    const Scalar of_target = row[y];
    nll[static_cast<std::size_t>(i)] = simd::softmax_row(row, V) - of_target;
    row[y] -= Scalar(1);
    simd::transform_row(V, row, [&](const auto& p) { return p / static_cast<Scalar>(n); });
  });
  double total = 0;  // in ascending order of rows
  for (const Scalar x : nll) total += static_cast<double>(x);
  return static_cast<Scalar>(total / static_cast<double>(std::max<Index>(n, 1)));
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
