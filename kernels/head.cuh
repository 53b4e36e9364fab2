// The pointwise parts of the head; its products are in head.cu. CPU version: backend/cpu/head.hpp.
//
//   u = tanh(v + b)        dv = du (1 - u^2)
//
// One thread per element of N H:   bytes  8 N H and 12 N H        operations  few        bound by memory
#pragma once

#include "elementwise.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// @param bias     (H)  @param u  (N, H), v before and u after
/// @param rounded  (N, H), u in bf16; nullptr: not wanted
__global__ static void __launch_bounds__(threads_of_a_block)
    tanh_rows_kernel(const float* bias, std::int64_t size, int H, float* u, device::bf16* rounded) {
  const std::int64_t i = thread_of_grid();
  if (i >= size) return;
  const float after = tanhf(u[i] + bias[i % H]);
  u[i] = after;
  if (rounded) rounded[i] = device::to_bf16(after);
}

inline void tanh_rows(const float* bias, int N, int H, float* u, device::bf16* rounded, device::Stream stream) {
  const std::int64_t size = static_cast<std::int64_t>(N) * H;
  device::launch(tanh_rows_kernel, blocks_for(size), threads_of_a_block, 0, stream, bias, size, H, u, rounded);
}

/// @param u   (N, H)  @param dv  (N, H), du before and dv after
__global__ static void __launch_bounds__(threads_of_a_block)
    tanh_backward_kernel(const float* u, std::int64_t size, float* dv, device::bf16* rounded) {
  const std::int64_t i = thread_of_grid();
  if (i >= size) return;
  const float after = dv[i] * (1 - u[i] * u[i]);
  dv[i] = after;
  if (rounded) rounded[i] = device::to_bf16(after);
}

inline void tanh_backward(const float* u, std::int64_t size, float* dv, device::bf16* rounded, device::Stream stream) {
  device::launch(tanh_backward_kernel, blocks_for(size), threads_of_a_block, 0, stream, u, size, dv, rounded);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
