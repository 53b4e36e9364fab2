// Attention of each output over the earlier ones (Luong et al. 2015, dot score). Derivation: docs/attention.md.
//
//   score_ts = g h_t . h_s  for s < t      a_t = softmax_s(score_t)        c_t = sum_s a_ts v_s,  c_0 = 0
//   v_s = h_s (match) or h_{s+1} (successor), g the scale
//
// For queries t at the last positions. With A (Q, T), H the outputs, V the values (rows of H, shifted by 0 or 1) and dC
// the gradient of the contexts:
//
//   dA = dC V'        dS = g A * (dA - rowsum(dA * A))      dH_queries += dS H        dH += dS' H_queries
//   dV += A' dC
//
// Sequences are independent; a thread takes one at a time. Queries are taken in blocks, so that the products skip most
// of the pairs with s >= t.
#pragma once

#include <span>

#include "../../core/config.hpp"
#include "../../tokens/vocabulary.hpp"
#include "../backend.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// What the forward pass keeps: a_ts of all sequences. Columns past the last s that a block of queries may see are
/// meaningless.
template <class Scalar>
struct AttentionSaved {
  Matrix<Scalar> weights;  ///< (B*Q, T)
};

/// @param h        (T*B, H), the outputs of the top layer
/// @param Q        number of queries, at the last positions
/// @param context  (Q*B, H), assigned
/// @param saved    nullptr: neither a backward pass nor copying will follow
template <class Scalar>
void attention_forward(View<const Scalar> h, Index B, Index Q, AttentionOptions options, Matrix<Scalar>& context,
                       AttentionSaved<Scalar>* saved);

/// The gradient of the weights from copying (copying.hpp): da_ts = -share_t for each s that is followed by t's target.
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
