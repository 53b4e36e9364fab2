// From output and context to logits.
//
//   u = tanh(W1 [h ; c] + b1)          logits = W2 u + b2
//
//   du = W2' dlogits, dv = du (1 - u^2), dW2 = dlogits' u, dW1 = dv' [h ; c], [dh ; dc] = W1' dv
//
// [h ; c] is never formed: W1's left half multiplies h, its right half c.
#pragma once

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// Weights, or their gradients.
template <class Scalar>
struct HeadParameters {
  Matrix<Scalar> w1;     ///< (H, 2H)
  RowVector<Scalar> b1;  ///< (H)
  Matrix<Scalar> w2;     ///< (V, H)
  RowVector<Scalar> b2;  ///< (V)
};

/// What the forward pass keeps.
template <class Scalar>
struct HeadSaved {
  Matrix<Scalar> u;   ///< (N, H)
  Matrix<Scalar> dv;  ///< (N, H), the gradient before the tanh
};

/// @param h       (N, H)  @param c  (N, H)
/// @param logits  (N, V), assigned
template <class Scalar>
void head_forward(const HeadParameters<Scalar>& p, View<const Scalar> h, const Matrix<Scalar>& c,
                  HeadSaved<Scalar>& saved, Matrix<Scalar>& logits, Precision products = Precision::fp32);

/// @param dlogits    (N, V)
/// @param dh         (N, H), added to
/// @param dc         (N, H), assigned
/// @param gradients  added to
template <class Scalar>
void head_backward(const HeadParameters<Scalar>& p, View<const Scalar> h, const Matrix<Scalar>& c,
                   HeadSaved<Scalar>& saved, const Matrix<Scalar>& dlogits, View<Scalar> dh, Matrix<Scalar>& dc,
                   HeadParameters<Scalar>& gradients, Precision products = Precision::fp32);

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "head.ipp"
#endif
