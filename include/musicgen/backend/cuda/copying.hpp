// Copying: what came after the outputs that attention looks at gets a share of the probability. Twin:
// backend/cpu/copying.hpp. Kernels: kernels/copying.cuh; the loss is in loss.hpp.
#pragma once

#include "../../core/config.hpp"
#include "attention.hpp"
#include "embedding.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// log P of all tokens, after the forward pass of attention, whose weights are made anew, a block of queries at a time.
/// @param h        (T*B, H), the outputs of the top layer
/// @param logits   (Q*B, V+1)
/// @param weights  memory to work in
/// @param mixed    (Q*B, V), assigned
void mix_copies(View<const float> h, int B, AttentionOptions options, const AttentionSaved& attention,
                const AttentionPlaces& places, const Batch& batch, const Matrix<float>& logits, Matrix<float>& weights,
                Matrix<float>& mixed);

/// The same of a step of the decoder.
/// @param weights  a_s (B, count), as attention_step() leaves them
/// @param after    (count*B), the token after each output of the ring
/// @param logits   (B, V+1)
/// @param mixed    (B, V), assigned
void mix_copies_of_step(const Matrix<float>& weights, int count, const int* after, const Matrix<float>& logits,
                        Matrix<float>& mixed);

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
