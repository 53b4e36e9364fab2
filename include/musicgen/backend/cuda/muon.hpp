// Muon, for the matrices of hidden units. Twin: backend/cpu/muon.hpp, which has the equations. Kernels:
// kernels/muon.cuh.
#pragma once

#include "../../core/config.hpp"
#include "matrix.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// Workspace for the largest matrices.
struct MuonSaved {
  Buffer<float> x, y;    ///< three of them, or one
  Buffer<float> a, p;    ///< X X', and its polynomial
  Buffer<double> parts;  ///< partial sums of their squares
};

/// The bytes that a MuonSaved allocates.
std::size_t muon_bytes(const Dimensions& d);

/// One step for all matrices that learn by Muon.
/// @param m         their running means
/// @param factor    (1) on the device, what the gradient is multiplied by; negative: nothing is changed
/// @param numbers   (2) on the device: 1 - lr decay, and lr
void muon_update(Parameters& w, const Parameters& g, Parameters& m, const float* factor, const float* numbers,
                 float momentum, MuonSaved& saved);

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
