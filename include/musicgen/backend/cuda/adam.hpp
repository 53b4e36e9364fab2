// Adam, and the norm that gradients are clipped by. Twin: backend/cpu/adam.hpp. Kernels: kernels/adam.cuh.
#pragma once

#include <cstdint>

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "matrix.hpp"
#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// Waits for the result.
double sum_of_squares(const Buffer<float>& x);

/// One step for all parameters, by Muon (muon.hpp) for those that learn by it; waits for the norm.
/// @param t  steps so far, this one included
/// @return   the norm of g before it is clipped; if it is not finite, nothing is changed
double adam_update(Parameters& w, const Parameters& g, Parameters& m, Parameters& v, std::int64_t t,
                   double learning_rate, const OptimizerOptions& options);

/// The weights in the form that products take.
/// @param rounded  memory for their rounding, used if products are computed in bf16
Weights weights_for_products(const Parameters& p, Precision products, Buffer<bf16>& rounded);

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
