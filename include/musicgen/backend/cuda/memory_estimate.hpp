// The memory that training takes, counted before anything is asked for.
#pragma once

#include <cstddef>

#include "../../core/config.hpp"
#include "attention.hpp"
#include "embedding.hpp"
#include "gru.hpp"
#include "head.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// What a training step allocates, in bytes: weights, gradients, Adam's two moments, and all that the passes keep. What
/// the process has once is not among it: the update's few kilobytes, Muon's muon_bytes(), cuBLAS's 32 MiB.
/// @param Q      of the T positions those whose next token is predicted
/// @param parts  contexts of each input
inline std::size_t training_bytes(const Dimensions& d, int B, int T, int Q, Precision products,
                                  AttentionValue value = AttentionValue::match, int parts = 0) {
  const bool rounded = products == Precision::bf16;
  const std::size_t weights = Layout(d).size();
  const int N = T * B, rows = Q * B;
  std::size_t bytes = 4 * sizeof(float) * weights + (rounded ? sizeof(bf16) * weights : 0);
  bytes += sizeof(int) * BatchSizes{d.V + d.C, N, parts, d.places ? N : 0, rows}.numbers();
  bytes += Matrix<float>::bytes(d.V + d.C, 4 * d.H);  // table
  bytes += static_cast<std::size_t>(d.L) * gru_bytes(B, T, d.H, products);
  bytes += attention_bytes(d, B, T, Q, value, products) + head_bytes(rows, d.H, d.outputs(), products);
  bytes +=
      FactorMatrix::bytes(rows, d.H, rounded) + FactorMatrix::bytes(rows, d.outputs(), rounded);  // contexts, logits
  bytes += Matrix<float>::bytes(rows, d.copies ? 2 : 1) + sizeof(double);                         // loss
  bytes += Matrix<float>::bytes(rows, d.H) + (d.L > 1 ? 2 : 1) * Matrix<float>::bytes(N, d.H);    // dcontext, dh, dx
  return bytes;
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
