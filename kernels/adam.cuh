// Adam and the norm of the gradient, over all parameters as one array of n. CPU version: backend/cpu/adam.hpp, which
// has the equations.
//
//   sum_of_squares   two stages without atomics, so that the order of the sum is fixed: each block writes a part, then
//                    one block adds these and computes the clipping factor   bytes  4 n    operations  2 n
//   adam_update      reads w, g, m, v and writes w, m, v                bytes  28 n      operations  about 12 n
//
// Both are bound by memory. The factor stays on the device, so that the update need not wait for the host.
#pragma once

#include <cstdint>

#include "elementwise.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

inline constexpr unsigned most_parts_of_a_norm = 512;

/// The number of parts for n numbers. It depends on nothing else, so that the order of the sum is fixed.
inline unsigned parts_of_a_norm(std::int64_t n) {
  const unsigned blocks = blocks_for(n);
  return blocks < most_parts_of_a_norm ? blocks : most_parts_of_a_norm;
}

/// The norm of the gradient.
struct Norm {
  double squared;
  float factor;  ///< to multiply the gradient by; negative if it is not finite
};

/// The sum over a block of 256 threads, returned to the first of them.
__device__ inline double block_sum(double value) {
  MUSICGEN_SHARED(double, parts, [8]);
  for (int step = device::warp_size / 2; step > 0; step /= 2) value += __shfl_xor_sync(~0u, value, step);
  if (threadIdx.x % device::warp_size == 0) parts[threadIdx.x / device::warp_size] = value;
  __syncthreads();
  double sum = 0;
  if (threadIdx.x == 0)
    for (int i = 0; i < 8; ++i) sum += parts[i];
  return sum;
}

/// The sums of squares of gridDim.y rows of n numbers.
/// @param parts  (gridDim.y, gridDim.x), assigned
__global__ static void __launch_bounds__(256) square_parts_kernel(const float* x, std::int64_t n, double* parts) {
  x += blockIdx.y * n;
  double sum = 0;
  for (std::int64_t i = thread_of_grid(); i < n; i += std::int64_t{256} * gridDim.x) {
    const double value = static_cast<double>(x[i]);
    sum += value * value;
  }
  sum = block_sum(sum);
  if (threadIdx.x == 0) parts[blockIdx.y * gridDim.x + blockIdx.x] = sum;
}

/// @param parts  (count)  @param clip  the largest norm, 0: any
__global__ static void __launch_bounds__(256)
    norm_kernel(const double* parts, unsigned count, double clip, Norm* norm) {
  double sum = 0;
  for (unsigned i = threadIdx.x; i < count; i += 256) sum += parts[i];
  sum = block_sum(sum);
  if (threadIdx.x > 0) return;
  norm->squared = sum;
  const double length = sqrt(sum), factor = clip > 0 ? fmin(1.0, clip / (length + 1e-6)) : 1.0;
  norm->factor = length <= 1.7976931348623157e308 ? static_cast<float>(factor) : -1.0f;
}

/// @param parts  (most_parts_of_a_norm), work space  @param norm  (1), assigned
inline void sum_of_squares(const float* x, std::int64_t n, double clip, double* parts, Norm* norm,
                           device::Stream stream) {
  const unsigned count = parts_of_a_norm(n);
  device::launch(square_parts_kernel, count, 256, 0, stream, x, n, parts);
  device::launch(norm_kernel, 1, 256, 0, stream, parts, count, clip, norm);
}

/// The constants of a step.
struct AdamStep {
  float beta1, rest1;  ///< and 1 - beta1, rounded once
  float beta2, rest2;
  float epsilon;
  float decay;  ///< 1 - lr decay
  float step;   ///< lr / (1 - beta1^t)
  float root;   ///< 1 / sqrt(1 - beta2^t)
};

/// @param step  (1)  @param norm  (1), of g
__global__ static void __launch_bounds__(threads_of_a_block)
    adam_update_kernel(const AdamStep* step, const Norm* norm, const float* g, std::int64_t n, float* w, float* m,
                       float* v) {
  const std::int64_t i = thread_of_grid();
  const float factor = norm->factor;
  if (i >= n || factor < 0) return;
  const AdamStep s = *step;
  const float gradient = factor * g[i];
  const float first = s.beta1 * m[i] + s.rest1 * gradient;
  const float second = s.beta2 * v[i] + s.rest2 * gradient * gradient;
  m[i] = first;
  v[i] = second;
  w[i] = w[i] * s.decay - s.step * first / (sqrtf(second) * s.root + s.epsilon);
}

inline void adam_update(const AdamStep* step, const Norm* norm, const float* g, std::int64_t n, float* w, float* m,
                        float* v, device::Stream stream) {
  device::launch(adam_update_kernel, blocks_for(n), threads_of_a_block, 0, stream, step, norm, g, n, w, m, v);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
