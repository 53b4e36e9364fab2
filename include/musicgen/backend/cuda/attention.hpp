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

  Buffer<float> worth, dworth;  ///< (Q*B), of the present place of the form, w . h_t; if the model knows places
  Buffer<float> found;          ///< (Q*B), the weights of what the target came after; if the model copies
};

/// Where in the form each output is, and what equal places are worth.
struct AttentionPlaces {
  const int* keys = nullptr;      ///< (T*B), negative: like no other; nullptr: nothing is preferred
  const int* queries = nullptr;   ///< (Q*B), the last of them
  const float* weight = nullptr;  ///< (H), w
};

/// What copying wants of the weights: copying.hpp.
struct AttentionCopies {
  const int* after = nullptr;     ///< ((T-1)*B), what came after each output; nullptr: the model does not copy
  const int* targets = nullptr;   ///< (Q*B)
  const float* shares = nullptr;  ///< (Q*B), for the backward pass: da_ts = -share_t where the target came after s
};

/// Of an AttentionSaved after a training step.
std::size_t attention_bytes(const Dimensions& d, int B, int T, int Q, AttentionValue value, Precision products);

/// @param h        (T*B, H), the outputs of the top layer
/// @param Q        how many of the last positions ask
/// @param options  what is summed, and how scores are scaled
/// @param context  (Q*B, H), assigned
/// @param keep     false: no backward pass will follow
/// @param with_rounded  contexts in bf16, too
void attention_forward(View<const float> h, int B, int Q, AttentionOptions options, FactorMatrix& context,
                       AttentionSaved& saved, bool keep, bool with_rounded, const AttentionPlaces& places = {},
                       const AttentionCopies& copies = {});

/// @param context   (Q*B, H), as attention_forward() has left it
/// @param dcontext  (Q*B, H)
/// @param dh        (T*B, H): added to
/// @param dplace    (H), of the places' weight: added to; nullptr if there are no places
void attention_backward(View<const float> h, int B, int Q, AttentionOptions options, AttentionSaved& saved,
                        Matrix<float>& context, const Matrix<float>& dcontext, View<float> dh,
                        const AttentionPlaces& places = {}, const AttentionCopies& copies = {},
                        float* dplace = nullptr);

/// Queries that are done together where weights are in memory: few, so that most of the pairs that s < t forbids are
/// left out; many, so that products are large.
inline constexpr int query_block = 256;

/// The weights of queries first ... first+rows-1 of the Q anew, after a forward pass.
/// @param weights  (B*rows, T), assigned: a_ts of all s that one of these queries may see
void attention_weights(View<const float> h, int B, int Q, int first, int rows, AttentionOptions options,
                       const AttentionSaved& saved, const AttentionPlaces& places, Matrix<float>& weights);

/// Of one new output each sequence over those before it, for a step of the decoder.
/// @param output   (B, H)
/// @param ring     (window*B, H), that of step s in place s % window: the new one takes the oldest one's place
/// @param steps    before this one
/// @param places   its keys lie as the ring does
/// @param worth    (B), memory to work in, if there are places
/// @param weights  memory to work in; leaves a_s (B, min(steps, window))
/// @param context  (B, H), assigned
void attention_step(View<const float> output, View<float> ring, int B, std::int64_t steps, AttentionOptions options,
                    const AttentionPlaces& places, Buffer<float>& worth, Matrix<float>& weights, View<float> context);

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
