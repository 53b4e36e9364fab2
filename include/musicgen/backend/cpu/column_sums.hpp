// Sums of columns: the gradients of biases.
#pragma once

#include "../../core/config.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// Adds the sums of m's columns to `sums`, rows in ascending order whatever the number of threads.
template <class Scalar>
void add_column_sums(View<const Scalar> m, Scalar* sums);

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "column_sums.ipp"
#endif
