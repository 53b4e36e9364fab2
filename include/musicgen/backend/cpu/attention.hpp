// Attention of each output over the earlier ones (Luong et al. 2015, dot score). Derivation: docs/attention.md.
//
//   score_ts = g h_t . h_s  for s < t      a_t = softmax_s(score_t)        c_t = sum_s a_ts v_s,  c_0 = 0
//   v_s = h_s (match) or h_{s+1} (successor), g the scale
//
// For queries t of the last positions. With A (Q, T), H the outputs, V the values (rows of H, moved up by none or one)
// and dC the gradient of the contexts:
//
//   dA = dC V'        dS = g A * (dA - rowsum(dA * A))      dH_queries += dS H        dH += dS' H_queries
//   dV += A' dC
//
// Sequences do not depend on each other; a thread takes one at a time. Queries come in blocks, so that the products
// leave out most of the pairs that s < t forbids.
#pragma once

#include <span>

#include "../../core/config.hpp"
#include "../../tokens/vocabulary.hpp"
#include "../backend.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// What the forward pass keeps: a_ts of all sequences. Columns past the last s that a block of queries may see hold
/// nothing of meaning.
template <class Scalar>
struct AttentionSaved {
  Matrix<Scalar> weights;  ///< (B*Q, T)
};

/// @param h        (T*B, H), the outputs of the top layer
/// @param Q        how many of the last positions ask
/// @param context  (Q*B, H), assigned
/// @param saved     nullptr: no backward pass will follow
template <class Scalar>
void attention_forward(View<const Scalar> h, Index B, Index Q, AttentionOptions options, Matrix<Scalar>& context,
                       AttentionSaved<Scalar>* saved);

/// What copying wants of the weights (copying.hpp): da_ts = -share_t for each s after which came what t is to give.
template <class Scalar>
struct CopyGradient {
  std::span<const Token> inputs, targets;  ///< (T*B), (Q*B)
  std::span<const Scalar> shares;          ///< (Q*B), or none
};

/// @param dcontext  (Q*B, H)
/// @param dh        (T*B, H), added to
template <class Scalar>
void attention_backward(View<const Scalar> h, Index B, Index Q, AttentionOptions options,
                        const AttentionSaved<Scalar>& saved, const Matrix<Scalar>& dcontext, View<Scalar> dh,
                        const CopyGradient<Scalar>& copied = {});

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "attention.ipp"
#endif
