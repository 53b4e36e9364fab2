// The softmax of attention and its gradient; the products around them are in attention.cu. Twin:
// backend/cpu/attention.hpp; derivation: docs/attention.md.
//
//   a_ts = softmax over s < t of score_ts, 0 where s >= t        ds = a (da - sum_v a_v da_v)
//
// with what attention_pairs.cuh adds to score and da, and takes of a and ds.
//
// A warp has the row of a query. For P pairs of a query and a key:
//   softmax            bytes  4 P (3 read + 2 written; the second and third time from a cache)  operations  about 5 P
//   softmax_backward   bytes  4 P (4 read + 1 written)                                          operations  4 P
//
// The products are 4 P H operations forward and 8 P H back. Scores live in memory in between: plain, for any size.
#pragma once

#include <cstddef>
#include <cstdint>

#include "attention_pairs.cuh"
#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// Rows of scores, several sequences' in a row. Row i of a sequence is the query at time `first + i`, whose keys are
/// those before that.
struct ScoreRows {
  int sequences, rows;
  std::int64_t sequence_stride, row_stride;
  int columns;  ///< those of a row that are used
  int first;
};

inline constexpr int warps_of_a_block = 8;

struct ScoreRow {
  std::int64_t at;  ///< -1: there is none
  int earlier;      ///< keys that it may see
  int sequence, query;
};

/// @param sequence  @param row  of it
__device__ inline ScoreRow row_of(const ScoreRows& shape, int sequence, int row) {
  return {sequence * shape.sequence_stride + row * shape.row_stride, min(shape.first + row, shape.columns), sequence,
          row * shape.sequences + sequence};
}

/// The row of this warp. Whole warps are left without one.
__device__ inline ScoreRow row_of_warp(const ScoreRows& shape) {
  const int warp = static_cast<int>(blockIdx.x * warps_of_a_block + threadIdx.x / device::warp_size);
  if (warp >= shape.sequences * shape.rows) return {-1, 0, 0, 0};
  return row_of(shape, warp / shape.rows, warp % shape.rows);
}

__global__ static void __launch_bounds__(warps_of_a_block* device::warp_size)
    softmax_of_earlier_kernel(ScoreRows shape, PreferredPlaces places, CopiedTokens copied, float* scores) {
  const ScoreRow row = row_of_warp(shape);
  if (row.at < 0) return;
  float* x = scores + row.at;
  const int lane = static_cast<int>(threadIdx.x) % device::warp_size;
  float largest = -INFINITY;
  for (int s = lane; s < row.earlier; s += device::warp_size) {
    if (places.equal(row.query, s * shape.sequences + row.sequence)) x[s] += places.worth[row.query];
    largest = fmaxf(largest, x[s]);
  }
  largest = device::warp_max(largest);
  float sum = 0;
  for (int s = lane; s < row.earlier; s += device::warp_size) sum += x[s] = expf(x[s] - largest);
  sum = device::warp_sum(sum);
  float found = 0;
  for (int s = lane; s < shape.columns; s += device::warp_size) {
    x[s] = s < row.earlier ? x[s] / sum : 0.0f;
    if (s < row.earlier && copied.equal(row.query, s * shape.sequences + row.sequence)) found += x[s];
  }
  if (!copied.found) return;
  found = device::warp_sum(found);
  if (lane == 0) copied.found[row.query] = found;
}

/// @param places, copied  of the first row's queries on
inline void softmax_of_earlier(const ScoreRows& shape, const PreferredPlaces& places, const CopiedTokens& copied,
                               float* scores, device::Stream stream) {
  const int warps = shape.sequences * shape.rows;
  device::launch(softmax_of_earlier_kernel, static_cast<unsigned>((warps + warps_of_a_block - 1) / warps_of_a_block),
                 warps_of_a_block * device::warp_size, 0, stream, shape, places, copied, scores);
}

/// @param weights   of `weights_shape`, a
/// @param dweights  of `shape`, da; becomes ds, and 0 where s >= t
__global__ static void __launch_bounds__(warps_of_a_block* device::warp_size)
    softmax_of_earlier_backward_kernel(ScoreRows weights_shape, const float* weights, ScoreRows shape,
                                       PreferredPlaces places, CopiedTokens copied, float* dweights) {
  const ScoreRow row = row_of_warp(shape);
  if (row.at < 0) return;
  const float* a = weights + row_of_warp(weights_shape).at;
  float* d = dweights + row.at;
  const int lane = static_cast<int>(threadIdx.x) % device::warp_size;
  float sum = 0;
  for (int s = lane; s < row.earlier; s += device::warp_size) {
    if (copied.equal(row.query, s * shape.sequences + row.sequence)) d[s] -= copied.shares[row.query];
    sum += a[s] * d[s];
  }
  sum = device::warp_sum(sum);
  float dworth = 0;
  for (int s = lane; s < shape.columns; s += device::warp_size) {
    d[s] = s < row.earlier ? a[s] * (d[s] - sum) : 0.0f;
    if (s < row.earlier && places.equal(row.query, s * shape.sequences + row.sequence)) dworth += d[s];
  }
  if (!places.dworth) return;
  dworth = device::warp_sum(dworth);
  if (lane == 0) places.dworth[row.query] = dworth;
}

inline void softmax_of_earlier_backward(const ScoreRows& weights_shape, const float* weights, const ScoreRows& shape,
                                        const PreferredPlaces& places, const CopiedTokens& copied, float* dweights,
                                        device::Stream stream) {
  const int warps = shape.sequences * shape.rows;
  device::launch(
      softmax_of_earlier_backward_kernel, static_cast<unsigned>((warps + warps_of_a_block - 1) / warps_of_a_block),
      warps_of_a_block * device::warp_size, 0, stream, weights_shape, weights, shape, places, copied, dweights);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
