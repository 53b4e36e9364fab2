// Softmax cross-entropy over the vocabulary.
//
// For logits x (N, V) and a target y_i for each row i that has one (`no_token`: none), n of them:
//
//   loss  = 1/n sum_i (log sum_v exp(x_iv) - x_{i,y_i})          in nats per token
//   dx_iv = (softmax(x_i)_v - [v = y_i]) / n                     0 in rows without a target
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "../../core/config.hpp"
#include "../../core/error.hpp"
#include "../../core/thread_pool.hpp"
#include "../../tokens/vocabulary.hpp"
#include "matrix.hpp"
#include "simd/elementwise.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// Mean negative log-likelihood of `targets`, and its gradient.
/// @param logits   (N, V); becomes the gradient with respect to the logits
/// @param targets  (N), each in [0, V) or `no_token`
/// @param nll      (N), assigned: each row's -log p, 0 where there is no target
/// @return         nats per token; 0 if there is no target at all
/// @throws Error   naming the row and the token, before anything is written
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
    auto row = logits.row(i);
    if (y == no_token) {
      row.setZero();
      return;
    }
    const Scalar of_target = row[y];
    nll[static_cast<std::size_t>(i)] = simd::softmax_row(row.data(), V) - of_target;
    row[y] -= Scalar(1);
    row /= static_cast<Scalar>(n);
  });
  double total = 0;  // in ascending order of rows
  for (const Scalar x : nll) total += static_cast<double>(x);
  return static_cast<Scalar>(total / static_cast<double>(std::max<Index>(n, 1)));
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
