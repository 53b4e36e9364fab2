#include "copying.cuh"

#include <algorithm>
#include <cstdint>
#include <musicgen/backend/cuda/copying.hpp>

#include "launch.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

void mix_copies(View<const float> h, int B, AttentionOptions options, const AttentionSaved& attention,
                const AttentionPlaces& places, const Batch& batch, const Matrix<float>& logits, Matrix<float>& weights,
                Matrix<float>& mixed) {
  const int T = h.rows / B, Q = logits.rows() / B, V = logits.columns() - 1;
  mixed.resize(Q * B, V);
  for (int first = 0; first < Q; first += query_block) {
    const int rows = std::min(query_block, Q - first), t = T - Q + first;
    attention_weights(h, B, Q, first, rows, options, attention, places, weights);
    kernels::mix_copies({B, rows, std::int64_t{rows} * T, T, t + rows - 1, t}, weights.data(), batch.tokens() + B, V,
                        logits.view().row_range(first * B, rows * B).data,
                        mixed.view().row_range(first * B, rows * B).data, launches());
  }
}

void mix_copies_of_step(const Matrix<float>& weights, int count, const int* after, const Matrix<float>& logits,
                        Matrix<float>& mixed) {
  const int B = logits.rows(), V = logits.columns() - 1;
  mixed.resize(B, V);
  kernels::mix_copies({B, 1, count, count, count, count}, weights.data(), after, V, logits.data(), mixed.data(),
                      launches());
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
