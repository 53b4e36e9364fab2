// The pointwise parts of Muon; its products are in muon.cu. CPU version: backend/cpu/muon.hpp, which has the equations.
// For n numbers, of three matrices in a row or of one:
//
//   muon_direction   M, and the matrix to orthogonalize      bytes  16 n    operations  6 n
//   square_parts     of each matrix, 64 (adam.cuh)           bytes   4 n    operations  2 n
//   shrink           X := X / |X|                            bytes   8 n    operations    n
//   combine          Y := a X + b Y                          bytes  12 n    operations  3 n
//   muon_apply       w := w (1 - lr decay) - lr factor X     bytes  12 n    operations  3 n
//
// All are bound by memory. The five polynomials add 10 (2 R R N + R R R) operations for each matrix of R rows and N
// columns (of N rows and R columns if it has more rows).
#pragma once

#include <cstdint>

#include "adam.cuh"
#include "elementwise.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// @param factor  (1), of g; negative: m is not changed, x is 0
__global__ static void __launch_bounds__(threads_of_a_block)
    muon_direction_kernel(const float* factor, float momentum, const float* g, std::int64_t n, float* m, float* x) {
  const std::int64_t i = thread_of_grid();
  if (i >= n) return;
  if (*factor < 0) {
    x[i] = 0;
    return;
  }
  const float part = (1 - momentum) * *factor * g[i];
  const float mean = momentum * m[i] + part;
  m[i] = mean;
  x[i] = momentum * mean + part;
}

inline void muon_direction(const float* factor, float momentum, const float* g, std::int64_t n, float* m, float* x,
                           device::Stream stream) {
  device::launch(muon_direction_kernel, blocks_for(n), threads_of_a_block, 0, stream, factor, momentum, g, n, m, x);
}

inline constexpr int parts_of_a_matrix = 64;

/// One row of the grid per matrix.
__global__ static void __launch_bounds__(threads_of_a_block)
    shrink_kernel(const double* parts, std::int64_t n, float* x) {
  MUSICGEN_SHARED(float, factor, [1]);
  const double squares =
      block_sum(threadIdx.x < parts_of_a_matrix ? parts[blockIdx.y * parts_of_a_matrix + threadIdx.x] : 0.0);
  if (threadIdx.x == 0) factor[0] = static_cast<float>(1 / (sqrt(squares) + 1e-12));
  __syncthreads();
  const std::int64_t i = thread_of_grid();
  if (i < n) x[blockIdx.y * n + i] *= factor[0];
}

/// Each matrix's X := X / |X|.
/// @param n      elements of a matrix
/// @param parts  (matrices, parts_of_a_matrix), work space
inline void shrink_to_norm_1(float* x, int matrices, std::int64_t n, double* parts, device::Stream stream) {
  const auto rows = static_cast<unsigned>(matrices);
  device::launch(square_parts_kernel, dim3(parts_of_a_matrix, rows), 256, 0, stream, x, n, parts);
  device::launch(shrink_kernel, dim3(blocks_for(n), rows), threads_of_a_block, 0, stream, parts, n, x);
}

__global__ static void __launch_bounds__(threads_of_a_block)
    combine_kernel(float a, const float* x, float b, std::int64_t n, float* y) {
  const std::int64_t i = thread_of_grid();
  if (i < n) y[i] = a * x[i] + b * y[i];
}

inline void combine(float a, const float* x, float b, std::int64_t n, float* y, device::Stream stream) {
  device::launch(combine_kernel, blocks_for(n), threads_of_a_block, 0, stream, a, x, b, n, y);
}

/// @param numbers  (2): 1 - lr decay, and lr
__global__ static void __launch_bounds__(threads_of_a_block)
    muon_apply_kernel(const float* factor, const float* numbers, float scale, const float* x, std::int64_t n,
                      float* w) {
  const std::int64_t i = thread_of_grid();
  if (i >= n || *factor < 0) return;
  w[i] = w[i] * numbers[0] - numbers[1] * scale * x[i];
}

inline void muon_apply(const float* factor, const float* numbers, float scale, const float* x, std::int64_t n, float* w,
                       device::Stream stream) {
  device::launch(muon_apply_kernel, blocks_for(n), threads_of_a_block, 0, stream, factor, numbers, scale, x, n, w);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
