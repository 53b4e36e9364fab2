// Attention of each output over the earlier ones. Twin: backend/cpu/attention.hpp. Kernels: kernels/attention.cuh.
// In fp32 whatever the weights' products are computed in: scores reach hundreds.
#pragma once

#include "matrix.hpp"

namespace musicgen::cuda {

struct AttentionKept {
  Matrix<float> weights;   ///< (B*Q, T), a_ts; past the last s that a block of queries may see nothing of meaning
  Matrix<float> dweights;  ///< of a block of queries, memory to work in
};

/// @param h        (T*B, H), the outputs of the top layer
/// @param Q        how many of the last positions ask
/// @param context  (Q*B, H), assigned
/// @param keep     false: no backward pass will follow
void attention_forward(View<const float> h, int B, int Q, FactorMatrix& context, AttentionKept& kept, bool keep,
                       bool with_rounded);

/// @param dcontext  (Q*B, H)
/// @param dh        (T*B, H): added to
void attention_backward(View<const float> h, int B, int Q, AttentionKept& kept, const Matrix<float>& dcontext,
                        View<float> dh);

/// Of one query each sequence over `count` outputs in any order, for a step of the decoder.
/// @param query    (B, H)
/// @param outputs  (at least count*B, H)
/// @param context  (B, H), assigned
void attention_step(View<const float> query, View<const float> outputs, int B, int count, Matrix<float>& weights,
                    View<float> context);

}  // namespace musicgen::cuda
