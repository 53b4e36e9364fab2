// Softmax cross-entropy and its gradient in one pass. CPU version: backend/cpu/loss.hpp.
//
//   nll_i = log sum_v exp(x_iv) - x_{i,y_i}        dx_iv = (softmax(x_i)_v - [v = y_i]) / n      0 without target
//
// One warp per row of V logits, a few hundred, which stay in the first-level cache while it reads them three times:
//   cross_entropy   bytes  8 N V (10 N V with the rounding)        operations  about 6 N V        bound by memory
//   mean            bytes  4 N        one block, so that the order of the sum is fixed
// The kernels read the number of targets from memory, like the targets, so that nothing waits for the host.
#pragma once

#include <cstddef>

#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// @param logits   (N, V); become their gradient
/// @param rounded  (N, V), the gradient in bf16; nullptr: not wanted
/// @param targets  (N), each in [0, V) or negative: none
/// @param count    (1), n, the number of targets
/// @param nll      (N), assigned
__global__ static void __launch_bounds__(256) cross_entropy_kernel(const int* targets, const int* count, int N, int V,
                                                                   float* logits, device::bf16* rounded, float* nll) {
  const int row = static_cast<int>(blockIdx.x * 8 + threadIdx.x / device::warp_size);
  const int lane = static_cast<int>(threadIdx.x) % device::warp_size;
  if (row >= N) return;  // whole warps
  const std::size_t at = static_cast<std::size_t>(row) * static_cast<std::size_t>(V);
  float* x = logits + at;
  const int y = targets[row];
  float largest = -INFINITY;
  for (int v = lane; v < V; v += device::warp_size) largest = fmaxf(largest, x[v]);
  largest = device::warp_max(largest);
  float sum = 0;
  for (int v = lane; v < V; v += device::warp_size) sum += expf(x[v] - largest);
  sum = device::warp_sum(sum);
  if (lane == 0) nll[row] = y < 0 ? 0.0f : logf(sum) - (x[y] - largest);
  __syncwarp();  // x[y] has been read before its lane writes it
  const float share = y < 0 ? 0.0f : 1.0f / static_cast<float>(*count), scale = share / sum;
  for (int v = lane; v < V; v += device::warp_size) {
    const float dx = y < 0 ? 0.0f : expf(x[v] - largest) * scale - (v == y ? share : 0.0f);
    x[v] = dx;
    if (rounded) rounded[at + static_cast<std::size_t>(v)] = device::to_bf16(dx);
  }
}

inline void cross_entropy(const int* targets, const int* count, int N, int V, float* logits, device::bf16* rounded,
                          float* nll, device::Stream stream) {
  device::launch(cross_entropy_kernel, static_cast<unsigned>(N + 7) / 8, 256, 0, stream, targets, count, N, V, logits,
                 rounded, nll);
}

/// mean (1) = the sum of x (N) over count (1), in double; 0 if that is 0.
__global__ static void __launch_bounds__(256) mean_kernel(const float* x, int N, const int* count, double* mean) {
  MUSICGEN_SHARED(double, parts, [256]);
  double sum = 0;
  for (int i = static_cast<int>(threadIdx.x); i < N; i += 256) sum += static_cast<double>(x[i]);
  parts[threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.x > 0) return;
  for (int i = 1; i < 256; ++i) sum += parts[i];
  *mean = sum / max(*count, 1);
}

inline void mean(const float* x, int N, const int* count, double* result, device::Stream stream) {
  device::launch(mean_kernel, 1, 256, 0, stream, x, N, count, result);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
