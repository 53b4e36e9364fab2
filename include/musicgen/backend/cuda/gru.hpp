// A layer of gated recurrent units. Twin: backend/cpu/gru.hpp, whose comments hold here. Kernels: kernels/gru.cuh.
#pragma once

#include "../../core/config.hpp"
#include "matrix.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// What the forward pass keeps for the backward pass.
struct GruSaved {
  FactorMatrix h;       ///< ((T+1)*B, H)  h_{-1}, h_0, ... h_{T-1}
  FactorMatrix gates;   ///< (T*B, 4H)  r | z | q | n;  after the backward pass  dr | dz | dq | dn, and their rounding
  Matrix<float> carry;  ///< (B, H)  the gradient that goes from a step to the one before
  Matrix<float> bias_sums;          ///< (4H)  of dr | dz | dq | dn over all rows
  Buffer<float> partial_sums;       ///< workspace
  Buffer<unsigned char> workspace;  ///< likewise

  /// The outputs h_0 ... h_{T-1}, (T*B, H).
  Factor outputs(int B) const { return h.view().row_range(B, h.exact.rows() - B); }
};

/// The size of a GruSaved after a training step.
std::size_t gru_bytes(int B, int T, int H, Precision products);

/// What the steps start from: gates := biases + W x, all steps at once; q has no W.
/// @param x      (N, I)
/// @param gates  (N, 4H), assigned
void gru_inputs(const Weights& w, int layer, const Factor& x, View<float> gates);

/// All steps, from saved.gates as `gru_inputs` leaves them.
/// @param h0  (B, H), the state before the first step; nullptr: zero
void gru_steps(const Weights& w, int layer, int B, const float* h0, GruSaved& saved);

/// All steps of a layer.
void gru_forward(const Weights& w, int layer, const Factor& x, int B, const float* h0, GruSaved& saved);

/// Backward through all steps: saved.gates become their gradients. Leaves the inputs out.
/// @param dh         (T*B, H), with respect to the outputs
/// @param gradients  of w_hh and both biases: added to
void gru_steps_backward(const Weights& w, int layer, int B, GruSaved& saved, const Matrix<float>& dh,
                        const GruTensors<float>& gradients);

/// Backward through the inputs.
/// @param dgates  (N, 4H)
/// @param dx      (N, I): added to if `beta` is 1, assigned if it is 0; no data: not wanted
/// @param dw_ih   (3H, I): added to
void gru_inputs_backward(const Weights& w, int layer, const Factor& x, const Factor& dgates, View<float> dx, float beta,
                         View<float> dw_ih);

/// The gradients of a layer; dx is assigned.
void gru_backward(const Weights& w, int layer, const Factor& x, int B, GruSaved& saved, const Matrix<float>& dh,
                  Matrix<float>& dx, const GruTensors<float>& gradients);

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
