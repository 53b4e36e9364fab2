// Shared element-wise kernels, with one thread per number.
//
//   fill_rows      out_ij = row_j              bytes  4 N C written
//   round          y_i = bf16(x_i)             bytes  6 n
//
// All are bound by memory: neighbouring threads read and write neighbouring numbers.
#pragma once

#include <cstdint>

#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

inline constexpr unsigned threads_of_a_block = 256;

/// The number of blocks for one thread per number.
inline unsigned blocks_for(std::int64_t threads) {
  return static_cast<unsigned>((threads + threads_of_a_block - 1) / threads_of_a_block);
}

/// The index of this thread in the grid, or in a row of it.
__device__ inline std::int64_t thread_of_grid() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

/// @param row  (C)  @param out  (N, C)
__global__ static void __launch_bounds__(threads_of_a_block)
    fill_rows_kernel(const float* row, std::int64_t size, int C, float* out) {
  const std::int64_t i = thread_of_grid();
  if (i < size) out[i] = row[i % C];
}

inline void fill_rows(const float* row, int N, int C, float* out, device::Stream stream) {
  const std::int64_t size = static_cast<std::int64_t>(N) * C;
  device::launch(fill_rows_kernel, blocks_for(size), threads_of_a_block, 0, stream, row, size, C, out);
}

__global__ static void __launch_bounds__(threads_of_a_block)
    round_kernel(const float* x, std::int64_t size, device::bf16* y) {
  const std::int64_t i = thread_of_grid();
  if (i < size) y[i] = device::to_bf16(x[i]);
}

inline void round(const float* x, std::int64_t size, device::bf16* y, device::Stream stream) {
  device::launch(round_kernel, blocks_for(size), threads_of_a_block, 0, stream, x, size, y);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
