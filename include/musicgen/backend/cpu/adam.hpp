// Adam (Kingma, Ba 2015) and AdamW (Loshchilov, Hutter 2019), with the gradient's global norm clipped first.
//
//   g := g min(1, clip / (|g| + 1e-6))
//   w := w (1 - lr decay)                              AdamW
//   m := beta1 m + (1 - beta1) g                       v := beta2 v + (1 - beta2) g^2
//   w := w - lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
#pragma once

#include <cstdint>
#include <span>

#include "../../core/config.hpp"
#include "../backend.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// Sum of squares in double, always in 64 parts, so that it does not depend on the number of threads.
template <class Scalar>
double sum_of_squares(std::span<const Scalar> x);

/// One step for one tensor; all spans of one length.
/// @param t      steps so far, this one included
/// @param scale  the factor that clips the gradient
template <class Scalar>
void adam_update(std::span<Scalar> w, std::span<const Scalar> g, std::span<Scalar> m, std::span<Scalar> v,
                 std::int64_t t, double learning_rate, double scale, const OptimizerOptions& options);

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "adam.ipp"
#endif
