// What lies around the products of Muon, which are in muon.cu. Twin: backend/cpu/muon.hpp, which has the equations. For
// n numbers, of three matrices in a row or of one:
//
//   muon_direction   M, and what is to be made orthogonal    bytes  16 n    operations  6 n
//   inverse_norms    1 / |X| of each matrix, a block each    bytes   4 n    operations  2 n
//   scale            X := X / |X|                            bytes   8 n    operations    n
//   combine          Y := a X + b Y                          bytes  12 n    operations  3 n
//   muon_apply       w := w (1 - lr decay) - lr factor X     bytes  12 n    operations  3 n
//
// All bound by memory. The five polynomials are 10 (2 R R N + R R R) operations more for each matrix of R rows and N
// columns, or the other way round where it is high.
#pragma once

#include <cstdint>

#include "adam.cuh"
#include "elementwise.cuh"

namespace musicgen::kernels {

/// @param factor  (1), of g; negative: nothing is changed
__global__ static void __launch_bounds__(threads_of_a_block)
    muon_direction_kernel(const float* factor, float momentum, const float* g, std::int64_t n, float* m, float* x) {
  const std::int64_t i = thread_of_grid();
  if (i >= n || *factor < 0) return;
  const float part = (1 - momentum) * *factor * g[i];
  const float mean = momentum * m[i] + part;
  m[i] = mean;
  x[i] = momentum * mean + part;
}

inline void muon_direction(const float* factor, float momentum, const float* g, std::int64_t n, float* m, float* x,
                           device::Stream stream) {
  device::launch(muon_direction_kernel, blocks_for(n), threads_of_a_block, 0, stream, factor, momentum, g, n, m, x);
}

/// @param inverses  (blocks of the grid), assigned
__global__ static void __launch_bounds__(256) inverse_norms_kernel(const float* x, std::int64_t n, float* inverses) {
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < n; i += 256) {
    const auto value = static_cast<double>(x[blockIdx.x * n + i]);
    sum += value * value;
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) inverses[blockIdx.x] = static_cast<float>(1 / (sqrt(sum) + 1e-12));
}

inline void inverse_norms(const float* x, int matrices, std::int64_t n, float* inverses, device::Stream stream) {
  device::launch(inverse_norms_kernel, static_cast<unsigned>(matrices), 256, 0, stream, x, n, inverses);
}

/// @param size  of a matrix
__global__ static void __launch_bounds__(threads_of_a_block)
    scale_kernel(const float* scales, std::int64_t size, std::int64_t n, float* x) {
  const std::int64_t i = thread_of_grid();
  if (i < n) x[i] *= scales[i / size];
}

inline void scale(const float* scales, std::int64_t size, std::int64_t n, float* x, device::Stream stream) {
  device::launch(scale_kernel, blocks_for(n), threads_of_a_block, 0, stream, scales, size, n, x);
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

}  // namespace musicgen::kernels
