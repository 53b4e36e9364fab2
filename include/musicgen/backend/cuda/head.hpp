// From output and context to logits. Twin: backend/cpu/head.hpp. Kernels: kernels/head.cuh.
#pragma once

#include "../../core/config.hpp"
#include "matrix.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// What the forward pass keeps.
struct HeadSaved {
  FactorMatrix u;              ///< (N, H)
  FactorMatrix dv;             ///< (N, H), the gradient before the tanh
  Buffer<float> partial_sums;  ///< workspace
};

/// The size of a HeadSaved after a training step.
std::size_t head_bytes(int N, int H, int V, Precision products);

/// @param h       (N, H)  @param c  (N, H)
/// @param logits  (N, V), assigned
void head_forward(const Weights& w, const Factor& h, const Factor& c, HeadSaved& saved, FactorMatrix& logits);

/// @param dlogits    (N, V)
/// @param dh         (N, H): added to
/// @param dc         (N, H), assigned
/// @param gradients  added to
void head_backward(const Weights& w, const Factor& h, const Factor& c, HeadSaved& saved, const Factor& dlogits,
                   View<float> dh, Matrix<float>& dc, const HeadTensors<float>& gradients);

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
