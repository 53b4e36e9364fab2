// Gated recurrent unit, one layer over a whole sequence. Derivation: docs/gru.md.
//
// PyTorch's definition (gate order r, z, n; Cho et al. 2014 with the reset gate after the product):
//
//   r_t = sigmoid(W_r x_t + b_r + U_r h_{t-1} + c_r)
//   z_t = sigmoid(W_z x_t + b_z + U_z h_{t-1} + c_z)
//   q_t = U_n h_{t-1} + c_n
//   n_t = tanh(W_n x_t + b_n + r_t * q_t)
//   h_t = (1 - z_t) * n_t + z_t * h_{t-1}
//
// Backward, with dh_t the total gradient with respect to h_t:
//
//   dn = dh (1 - z) (1 - n^2)                 before the tanh
//   dz = dh (h_{t-1} - n) z (1 - z)           before the sigmoid
//   dr = dn q r (1 - r)                       before the sigmoid
//   dq = dn r
//   dh_{t-1} = dh z + U_r' dr + U_z' dz + U_n' dq
//
// Time is the outer dimension: row t*B + b of a (T*B, ...) matrix is step t of sequence b. A thread computes some of
// the units for all time steps, so that its part of the recurrent weights stays in its own cache; once per step the
// threads wait for each other.
#pragma once

#include <array>

#include "../../core/config.hpp"
#include "matrix.hpp"
#include "product.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// Weights of a layer with I inputs; also their gradients.
template <class Scalar>
struct GruParameters {
  Matrix<Scalar> w_ih;     ///< (3H, I)  W_r, W_z, W_n
  Matrix<Scalar> w_hh;     ///< (3H, H)  U_r, U_z, U_n
  RowVector<Scalar> b_ih;  ///< (3H)
  RowVector<Scalar> b_hh;  ///< (3H)  c_r, c_z, c_n
};

/// What the forward pass keeps for the backward pass.
template <class Scalar>
struct GruSaved {
  Matrix<Scalar> h;                 ///< ((T+1)*B, H)  h_{-1}, h_0, ... h_{T-1}
  Matrix<Scalar> gates;             ///< (T*B, 4H)  r | z | q | n;  after the backward pass  dr | dz | dq | dn
  std::array<Packed<Scalar>, 3> u;  ///< U_r', U_z', U_n'  (H, H), packed for the forward pass
  Packed<Scalar> w_hh;              ///< (3H, H), packed for the backward pass
  Matrix<Scalar> carry;             ///< (B, H)  the gradient that goes from a step to the one before
  RowVector<Scalar> bias_sums;      ///< (4H)  of dr | dz | dq | dn over all rows

  /// The outputs h_0 ... h_{T-1}, (T*B, H).
  View<Scalar> outputs(Index B) { return view(h).row_range(B, h.rows() - B); }
};

namespace detail {

inline constexpr Index worth_a_team = 1 << 17;  // multiplications per step; below, waiting costs more

/// Computes `count` units of a row, beginning where the pointers point: `a` becomes the gates, `h` the state after
/// them; h_before may be h.
template <class Scalar>
void gru_gates(Index count, Index H, Scalar* a, const Scalar* h_before, Scalar* h);

/// The biases of every row of gates.
/// @param biases  (4H), assigned: r | z | q | n
template <class Scalar>
void gru_biases(const GruParameters<Scalar>& p, Scalar* biases);

}  // namespace detail

/// What the steps start from: gates := biases + W x, all steps at once; q has no W.
/// @param x      (T*B, I)
/// @param gates  (T*B, 4H), assigned
template <class Scalar>
void gru_inputs(const GruParameters<Scalar>& p, View<const Scalar> x, Matrix<Scalar>& gates,
                Precision products = Precision::fp32);

/// All steps, from saved.gates as `gru_inputs` leaves them.
/// @param h0  (B, H), the state before the first step; nullptr: zero
template <class Scalar>
void gru_steps(const GruParameters<Scalar>& p, Index B, const Matrix<Scalar>* h0, GruSaved<Scalar>& saved,
               Precision products = Precision::fp32);

/// All steps of a layer.
/// @param x   (T*B, I)
/// @param h0  (B, H), the state before the first step; nullptr: zero
template <class Scalar>
void gru_forward(const GruParameters<Scalar>& p, View<const Scalar> x, Index B, const Matrix<Scalar>* h0,
                 GruSaved<Scalar>& saved, Precision products = Precision::fp32);

/// Backward through all steps: saved.gates become their gradients. Leaves the inputs out.
/// @param dh         (T*B, H), with respect to the outputs
/// @param gradients  of w_hh and both biases; added to
template <class Scalar>
void gru_steps_backward(const GruParameters<Scalar>& p, Index B, GruSaved<Scalar>& saved, const Matrix<Scalar>& dh,
                        GruParameters<Scalar>& gradients, Precision products = Precision::fp32);

/// Backward through the inputs.
/// @param x       (N, I)  @param dgates  (N, 4H), the gradients of `gru_inputs`' result
/// @param dx      (N, I), assigned; nullptr: not wanted
/// @param dw_ih   (3H, I), added to
template <class Scalar>
void gru_inputs_backward(const GruParameters<Scalar>& p, View<const Scalar> x, const Matrix<Scalar>& dgates,
                         Matrix<Scalar>* dx, Matrix<Scalar>& dw_ih, Precision products = Precision::fp32);

/// The gradients of a layer.
/// @param x          (T*B, I), as given to gru_forward
/// @param saved      from gru_forward; its gates become the gates' gradients
/// @param dh         (T*B, H), with respect to the outputs
/// @param dx         (T*B, I) assigned; nullptr: not wanted
/// @param gradients  of p's shapes, zeros to begin with; added to
/// @throws Error     for gradients of other shapes
template <class Scalar>
void gru_backward(const GruParameters<Scalar>& p, View<const Scalar> x, Index B, GruSaved<Scalar>& saved,
                  const Matrix<Scalar>& dh, Matrix<Scalar>* dx, GruParameters<Scalar>& gradients,
                  Precision products = Precision::fp32);

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "gru.ipp"
#endif
