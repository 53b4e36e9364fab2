// Softmax cross-entropy and its gradient in one pass. Twin: backend/cpu/loss.hpp.
//
//   nll_i = log sum_v exp(x_iv) - x_{i,y_i}        dx_iv = (softmax(x_i)_v - [v = y_i]) / n      0 without a target
//
// In a model that copies, the last logit is copying's, and found_i the attention of what y_i came after:
//
//   P = p_y + p_last found      nll = -log P      r_y = p_y / P, r_last = 1 - r_y      dx = (p - r) / n
//
// and copying wants shares_i = p_last / (P n) more attention there (docs/attention.md). Without it r_y is 1.
//
// A warp has a row of V logits, a few hundred, which stay in the first cache between the three times it reads them:
//   cross_entropy   bytes  8 N V (10 N V with the rounding)        operations  about 6 N V        bound by memory
//   mean            bytes  4 N        one block, so that the sum has one order
// The kernels take the number of targets from memory, as they take the targets: nothing waits for the host.
#pragma once

#include <cstddef>

#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// Of a model that copies.
struct CopiedTargets {
  const float* found = nullptr;  ///< (N); nullptr: the model does not copy
  float* shares = nullptr;       ///< (N), assigned
};

/// What a row's target comes to.
struct TargetTerms {
  float nll, own, share;  ///< own: r_y; share: n times shares_i
};

/// @param x  (V)  @param sum  of exp(x - largest)
__device__ inline TargetTerms terms_of_target(const float* x, int V, int y, float largest, float sum,
                                              const float* found) {
  if (!found) return {logf(sum) - (x[y] - largest), 1, 0};
  constexpr float least = 1e-30f;  // of P, as on the CPU
  const float of_vocabulary = expf(x[y] - largest), of_copying = expf(x[V - 1] - largest),
              all = fmaxf(of_vocabulary + of_copying * *found, least * sum);
  return {logf(sum) - logf(all), of_vocabulary / all, of_copying / all};
}

/// @param logits   (N, V); become their gradient
/// @param rounded  (N, V), the gradient in bf16; nullptr: not wanted
/// @param targets  (N), each in [0, V) or negative: none
/// @param count    (1), n, how many there are
/// @param nll      (N), assigned
__global__ static void __launch_bounds__(256)
    cross_entropy_kernel(const int* targets, const int* count, int N, int V, float* logits, device::bf16* rounded,
                         float* nll, CopiedTargets copied) {
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
  const TargetTerms target = y < 0
                                 ? TargetTerms{0, 0, 0}
                                 : terms_of_target(x, V, y, largest, sum, copied.found ? copied.found + row : nullptr);
  __syncwarp();  // x[y] has been read before its lane writes it
  const float part = y < 0 ? 0.0f : 1.0f / static_cast<float>(*count), scale = part / sum;
  if (lane == 0) {
    nll[row] = target.nll;
    if (copied.shares) copied.shares[row] = part * target.share;
  }
  for (int v = lane; v < V; v += device::warp_size) {
    const float r = v == y ? target.own : v == V - 1 ? 1 - target.own : 0.0f;
    const float dx = y < 0 ? 0.0f : expf(x[v] - largest) * scale - r * part;
    x[v] = dx;
    if (rounded) rounded[at + static_cast<std::size_t>(v)] = device::to_bf16(dx);
  }
}

inline void cross_entropy(const int* targets, const int* count, int N, int V, float* logits, device::bf16* rounded,
                          float* nll, const CopiedTargets& copied, device::Stream stream) {
  device::launch(cross_entropy_kernel, static_cast<unsigned>(N + 7) / 8, 256, 0, stream, targets, count, N, V, logits,
                 rounded, nll, copied);
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
