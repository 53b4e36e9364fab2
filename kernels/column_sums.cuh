// Sums of columns: the gradients of biases. CPU version: backend/cpu/column_sums.hpp.
//
// Without atomics, so that the order of the sums is fixed. A block sums 256 rows of 32 columns: each of its 8 rows of
// threads sums every eighth row, then these sums are added in ascending order. The same kernel adds the results of the
// blocks, until one row is left. For x (N, C):
//   bytes  4 N C (1 + 2/256 + ...)        operations  N C        bound by memory; a warp reads 128 bytes of a row
#pragma once

#include <cstddef>
#include <utility>

#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

inline constexpr int rows_of_a_sum = 256;

/// @param sums  (blocks of rows, C); assigned, or added to
__global__ static void __launch_bounds__(256)
    column_sums_kernel(const float* x, int N, int C, int stride, bool add, float* sums) {
  MUSICGEN_SHARED(float, parts, [8][32]);
  const int column = static_cast<int>(blockIdx.x * 32 + threadIdx.x), group = static_cast<int>(threadIdx.y);
  const int first = static_cast<int>(blockIdx.y) * rows_of_a_sum, last = min(N, first + rows_of_a_sum);
  float sum = 0;
  if (column < C)
    for (int i = first + group; i < last; i += 8) sum += x[static_cast<std::size_t>(i) * stride + column];
  parts[group][threadIdx.x] = sum;
  __syncthreads();
  if (group > 0 || column >= C) return;
#pragma unroll
  for (int other = 1; other < 8; ++other) sum += parts[other][threadIdx.x];
  float& out = sums[static_cast<std::size_t>(blockIdx.y) * C + column];
  out = add ? out + sum : sum;
}

/// The work space of `add_column_sums`, in floats.
inline std::size_t column_sums_memory(int N, int C) {
  std::size_t rows = 0;
  for (int n = N; n > 1; rows += static_cast<std::size_t>(n)) n = (n + rows_of_a_sum - 1) / rows_of_a_sum;
  return rows * static_cast<std::size_t>(C);
}

/// @param x       (N, C), rows `stride` apart
/// @param memory  column_sums_memory(N, C)
/// @param sums    (C), added to
inline void add_column_sums(const float* x, int N, int C, int stride, float* memory, float* sums,
                            device::Stream stream) {
  while (true) {
    const int blocks = (N + rows_of_a_sum - 1) / rows_of_a_sum;
    const dim3 grid(static_cast<unsigned>(C + 31) / 32, static_cast<unsigned>(blocks));
    const bool last = blocks == 1;
    device::launch(column_sums_kernel, grid, dim3(32, 8), 0, stream, x, N, C, stride, last, last ? sums : memory);
    if (last) return;
    x = std::exchange(memory, memory + static_cast<std::size_t>(blocks) * static_cast<std::size_t>(C));
    N = blocks;
    stride = C;
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
