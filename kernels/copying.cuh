// The mixture of what the vocabulary has and what is copied. Twin: backend/cpu/copying.hpp; derivation:
// docs/attention.md.
//
//   P(k) = p_k + p_V sum over s < t with after_s = k of a_ts        p = softmax of V+1 logits
//
// A block has the row of a query, a thread every 256th token k, which it looks for among the tokens that the block has
// fetched. So nobody adds to another's sum, and it has one order. For P pairs of a query and a key:
//   mix_copies   bytes  8 P (and 8 N V)        operations  P V comparisons, from shared memory
// Judging and sampling alone ask for it: the loss wants one token of each row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "attention.cuh"
#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

inline constexpr int mixing_threads = 256;

/// @param weights  of `shape`, a
/// @param after    (keys), as CopiedTokens has them
/// @param logits   (queries, V+1)
/// @param mixed    (queries, V), log P
__global__ static void __launch_bounds__(mixing_threads)
    mix_copies_kernel(ScoreRows shape, const float* weights, const int* after, int V, const float* logits,
                      float* mixed) {
  MUSICGEN_SHARED(int, tokens, [mixing_threads]);
  MUSICGEN_SHARED(float, parts, [mixing_threads]);
  const int query = static_cast<int>(blockIdx.x), thread = static_cast<int>(threadIdx.x),
            lane = thread % device::warp_size;
  const ScoreRow row = row_of(shape, query % shape.sequences, query / shape.sequences);
  const float* z = logits + static_cast<std::size_t>(query) * static_cast<std::size_t>(V + 1);
  float* P = mixed + static_cast<std::size_t>(query) * static_cast<std::size_t>(V);
  float largest = -INFINITY, sum = 0;  // every warp has the whole row
  for (int k = lane; k <= V; k += device::warp_size) largest = fmaxf(largest, z[k]);
  largest = device::warp_max(largest);
  for (int k = lane; k <= V; k += device::warp_size) sum += expf(z[k] - largest);
  sum = device::warp_sum(sum);
  const float share = expf(z[V] - largest) / sum;
  for (int k = thread; k < V; k += mixing_threads) P[k] = expf(z[k] - largest) / sum;

  for (int first = 0; first < row.earlier; first += mixing_threads) {
    const int s = first + thread, count = min(mixing_threads, row.earlier - first);
    __syncthreads();  // the ones before are done with
    if (thread < count) {
      tokens[thread] = after[s * shape.sequences + row.sequence];
      parts[thread] = share * weights[row.at + s];
    }
    __syncthreads();
    for (int k = thread; k < V; k += mixing_threads) {
      float copied = 0;
      for (int i = 0; i < count; ++i) copied += tokens[i] == k ? parts[i] : 0.0f;
      P[k] += copied;
    }
  }
  for (int k = thread; k < V; k += mixing_threads) P[k] = logf(fmaxf(P[k], 1e-30f));
}

inline void mix_copies(const ScoreRows& shape, const float* weights, const int* after, int V, const float* logits,
                       float* mixed, device::Stream stream) {
  device::launch(mix_copies_kernel, static_cast<unsigned>(shape.sequences * shape.rows), mixing_threads, 0, stream,
                 shape, weights, after, V, logits, mixed);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
