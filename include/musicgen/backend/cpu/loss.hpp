// Softmax cross-entropy over the vocabulary.
//
// For logits x (N, V) and a target y_i for each row i that has one (`no_token`: none), n of them:
//
//   loss  = 1/n sum_i (log sum_v exp(x_iv) - x_{i,y_i})          in nats per token
//   dx_iv = (softmax(x_i)_v - [v = y_i]) / n                     0 in rows without a target
#pragma once

#include <span>
#include <vector>

#include "../../core/config.hpp"
#include "../../tokens/vocabulary.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// Mean negative log-likelihood of `targets`, and its gradient.
/// @param logits   (N, V); becomes the gradient with respect to the logits
/// @param targets  (N), each in [0, V) or `no_token`
/// @param nll      (N), assigned: each row's -log p, 0 where there is no target
/// @return         nats per token; 0 if there is no target at all
/// @throws Error   naming the row and the token, before anything is written
template <class Scalar>
Scalar softmax_cross_entropy(Matrix<Scalar>& logits, std::span<const Token> targets, std::vector<Scalar>& nll);

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "loss.ipp"
#endif
