// The memory that training takes, counted before anything is allocated.
#pragma once

#include <cstddef>

#include "../../core/config.hpp"
#include "attention.hpp"
#include "embedding.hpp"
#include "gru.hpp"
#include "head.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// What a training step allocates, in bytes: weights, gradients, Adam's two moments, and all that the passes keep. Does
/// not include what the process has only once: the update's few kilobytes, Muon's muon_bytes(), cuBLAS's 32 MiB.
/// @param Q  how many of the T positions have their next token predicted
inline std::size_t training_bytes(const Dimensions& d, int B, int T, int Q, Precision products,
                                  AttentionValue value = AttentionValue::match) {
  const bool rounded = products == Precision::bf16;
  const std::size_t weights = Layout(d).size();
  const int N = T * B, rows = Q * B;
  std::size_t bytes = 4 * sizeof(float) * weights + (rounded ? sizeof(bf16) * weights : 0);
  bytes += sizeof(int) * Batch::numbers(d.V, N, rows);
  bytes += Matrix<float>::bytes(d.V, 4 * d.H);  // table
  bytes += static_cast<std::size_t>(d.L) * gru_bytes(B, T, d.H, products);
  bytes += attention_bytes(B, T, Q, d.H, value) + head_bytes(rows, d.H, d.V, products);
  bytes += FactorMatrix::bytes(rows, d.H, rounded) + FactorMatrix::bytes(rows, d.V, rounded);   // contexts, logits
  bytes += Matrix<float>::bytes(rows, 1) + sizeof(double);                                      // loss
  bytes += Matrix<float>::bytes(rows, d.H) + (d.L > 1 ? 2 : 1) * Matrix<float>::bytes(N, d.H);  // dcontext, dh, dx
  return bytes;
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
