// Attention of each output over the earlier ones. Twin: backend/cpu/attention.hpp. Kernels:
// kernels/attention_fused.cuh, which writes no weights, and kernels/attention.cuh for more units than the former can
// handle. Scores reach hundreds: they are computed in fp32, or with two bf16 numbers for each factor if the contexts
// will be rounded anyway.
#pragma once

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

struct AttentionSaved {
  // For one pass, which writes no weights.
  bool one_pass = false;  ///< false: the weights are kept
  bool in_bf16 = false;   ///< contexts and gradients, as far as their scores allow
  Buffer<float> lse;      ///< (Q*B), log-sum-exp of a query's scores
  Buffer<float> dots;     ///< (Q*B), dcontext . context, workspace

  Matrix<float> weights;   ///< (B*Q, T), a_ts; meaningless past the last s that a block of queries may see
  Matrix<float> dweights;  ///< of a block of queries, workspace
};

/// The size of an AttentionSaved after a training step.
std::size_t attention_bytes(int B, int T, int Q, int H, AttentionValue value);

/// @param h        (T*B, H), the outputs of the top layer
/// @param Q        number of queries, at the last positions
/// @param options  what is summed, and how scores are scaled
/// @param context  (Q*B, H), assigned
/// @param keep     false: no backward pass will follow
/// @param with_rounded  also give contexts in bf16
void attention_forward(View<const float> h, int B, int Q, AttentionOptions options, FactorMatrix& context,
                       AttentionSaved& saved, bool keep, bool with_rounded);

/// @param context   (Q*B, H), as attention_forward() left it
/// @param dcontext  (Q*B, H)
/// @param dh        (T*B, H): added to
void attention_backward(View<const float> h, int B, int Q, AttentionOptions options, AttentionSaved& saved,
                        Matrix<float>& context, const Matrix<float>& dcontext, View<float> dh);

/// Attention of one new output per sequence over those before it, for a step of the decoder.
/// @param output   (B, H)
/// @param ring     (window*B, H), the output of step s in place s % window: the new one replaces the oldest
/// @param steps    before this one
/// @param weights  workspace
/// @param context  (B, H), assigned
void attention_step(View<const float> output, View<float> ring, int B, std::int64_t steps, AttentionOptions options,
                    Matrix<float>& weights, View<float> context);

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
