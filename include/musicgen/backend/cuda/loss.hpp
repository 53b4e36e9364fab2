// Softmax cross-entropy over the vocabulary, and over what copying adds to it. Twins: backend/cpu/loss.hpp,
// copying.hpp. Kernels: kernels/loss.cuh.
#pragma once

#include "../../core/config.hpp"
#include "embedding.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

struct LossSaved {
  Buffer<float> nll;           ///< (N), each row's -log p, 0 where there is no target
  Buffer<float> shares;        ///< (N), of each target, what copying wants of attention; if the model copies
  Buffer<double> mean;         ///< (1)
  HostBuffer<double> on_host;  ///< the mean, after synchronize()
};

/// @param logits  (N, V), or (N, V+1) of a model that copies; becomes the gradient with respect to the logits
/// @param found   (N), the weights of what each target came after; nullptr: the model does not copy
void softmax_cross_entropy(FactorMatrix& logits, const Batch& batch, LossSaved& saved, const float* found = nullptr);

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
