// Attention of each output over the earlier ones. Twin: backend/cpu/attention.hpp. Kernels:
// kernels/attention_fused.cuh, which writes no weights, and kernels/attention.cuh for more units than fit into it.
// Scores reach hundreds: they are computed in fp32, or in two bf16 numbers for each factor where the contexts will be
// rounded anyway.
#pragma once

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

struct AttentionSaved {
  // In one pass, which writes no weights.
  bool one_pass = false;  ///< false: the weights are kept
  bool in_bf16 = false;   ///< contexts and gradients, as far as their scores allow
  Buffer<float> lse;      ///< (Q*B), log-sum-exp of a query's scores
  Buffer<float> dots;     ///< (Q*B), dcontext . context, memory to work in

  Matrix<float> weights;   ///< (B*Q, T), a_ts; past the last s that a block of queries may see nothing of meaning
  Matrix<float> dweights;  ///< of a block of queries, memory to work in
};

/// Of an AttentionSaved after a training step.
std::size_t attention_bytes(int B, int T, int Q, int H, AttentionValue value);

/// @param h        (T*B, H), the outputs of the top layer
/// @param Q        how many of the last positions ask
/// @param options  what is summed, and how scores are scaled
/// @param context  (Q*B, H), assigned
/// @param keep     false: no backward pass will follow
/// @param with_rounded  contexts in bf16, too
void attention_forward(View<const float> h, int B, int Q, AttentionOptions options, FactorMatrix& context,
                       AttentionSaved& saved, bool keep, bool with_rounded);

/// @param context   (Q*B, H), as attention_forward() has left it
/// @param dcontext  (Q*B, H)
/// @param dh        (T*B, H): added to
void attention_backward(View<const float> h, int B, int Q, AttentionOptions options, AttentionSaved& saved,
                        Matrix<float>& context, const Matrix<float>& dcontext, View<float> dh);

/// Of one new output each sequence over those before it, for a step of the decoder.
/// @param output   (B, H)
/// @param ring     (window*B, H), that of step s in place s % window: the new one takes the oldest one's place
/// @param steps    before this one
/// @param weights  memory to work in
/// @param context  (B, H), assigned
void attention_step(View<const float> output, View<float> ring, int B, std::int64_t steps, AttentionOptions options,
                    Matrix<float>& weights, View<float> context);

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
