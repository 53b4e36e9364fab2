// Softmax cross-entropy over the vocabulary. Twin: backend/cpu/loss.hpp. Kernels: kernels/loss.cuh.
#pragma once

#include "../../core/config.hpp"
#include "embedding.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

struct LossSaved {
  Buffer<float> nll;           ///< (N), each row's -log p, 0 where there is no target
  Buffer<double> mean;         ///< (1)
  HostBuffer<double> on_host;  ///< the mean, after synchronize()
};

/// @param logits  (N, V); becomes the gradient with respect to the logits
void softmax_cross_entropy(FactorMatrix& logits, const Batch& batch, LossSaved& saved);

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
