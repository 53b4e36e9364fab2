// Muon (Jordan et al. 2024): a step in the direction of the nearest matrix with orthonormal columns or rows, so that
// every direction between hidden units learns at the same speed, whatever its share of the gradient.
//
//   M := mu M + (1 - mu) g                                     X := (mu M + (1 - mu) g) / |mu M + (1 - mu) g|
//   five times: A = X X'    X := 3.4445 X + (-4.7750 A + 2.0315 A A) X
//   w := w (1 - lr decay) - lr 0.2 sqrt(max(rows, columns)) X
//
// The polynomial maps singular values of X in [0.01, 1] to 0.68 ... 1.14 and changes no direction. With the last
// factor, elements change by as much as with Adam (Liu et al. 2025, "Muon is scalable for LLM training").
#pragma once

#include <string_view>

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// The number of matrices that learn by Muon in the tensor of this name (as in tensor_shapes(), without a layer's
/// number), one below the other: a GRU's has one for each gate. 0: it learns by Adam.
int muon_parts(std::string_view name);

/// x (R, N), contiguous, := approximately the nearest matrix with singular values of 1. Fewer rows are faster.
template <class Scalar>
void orthogonalize(View<Scalar> x);

/// One step for one matrix; all views of one shape, columns adjacent.
/// @param m      M, the running mean of the gradients
/// @param scale  the factor that clips the gradient
template <class Scalar>
void muon_update(View<Scalar> w, View<const Scalar> g, View<Scalar> m, double learning_rate, double scale,
                 const OptimizerOptions& options);

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "muon.ipp"
#endif
