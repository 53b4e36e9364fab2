// Attention of each output over the earlier ones in one pass, without writing the weights to memory. Semantics and
// names are those of backend/cpu/attention.hpp.
//
//   score_ts = g h_t . h_s  for s < t      a_ts = exp(score_ts - lse_t)        c_t = sum_s a_ts v_s,  c_0 = 0
//   v_s = h_{s+o}, o = 0 or 1; g the scale
//
// Forward, tile of keys by tile (Milakov, Gimelshein 2018; Dao et al. 2022), for each query:
//
//   m' = max(m, max score)    l := l e^(m-m') + sum e^(score-m')    c := c e^(m-m') + sum e^(score-m') v_s    m := m'
//
// and finally c / l and lse = m + log l. Backward, with D_t = dc_t . c_t = sum_s a_ts da_ts and da_ts = dc_t . v_s:
//
//   ds_ts = g a_ts (da_ts - D_t)  dh_t += sum_s ds_ts h_s    dh_s += sum_t ds_ts h_t + a_t(s-o) dc_t
//
// in one kernel that owns queries and one that owns keys; each computes score and da anew. Only one block writes its
// rows of dh, so that sums have the same order, and the same bits, every time. A tile of keys has o more rows at its
// end, so that values are its rows from o on. Where dh of values is computed, it has o more rows at its beginning, and
// there is a third product, for a_t(s-o).
//
// A block owns 16 rows and processes 16 columns at a time. H is divided among its warps, 16 `steps` columns each: a
// warp computes its part of the scores, which the block then adds up, and owns its columns of the result, in registers.
//
// Precision. Tensor cores take bf16, whose 8 bits leave no fraction for scores of several hundred. So a float is split
// into two or three bf16 numbers, and a product is the sum over all pairs that matter: x y = x0 y0 + x0 y1 + x1 y0 +
// ...
//
//                              terms  scores, da   contexts   sums of dh      largest error of contexts, of dh
//   InFp32                            3            3          3               1.3e-5   1.7e-5
//   InBf16                            2            2          1               1.4e-4   1.8e-3
//   contexts, and so D, in bf16       2            1          1               2.8e-3   1.6e-2
//   bf16 alone                        1            1          1               2.2e-2   2.2e-2
//
// Measured against double, relative to the largest value, in the emulator: a song of 60 outputs, H 400, scores up to
// 294 (as in the test; fp32 itself has steps of 3e-5 at such a score). 1, 2, 3 terms need 1, 3, 6 products.
//
// With P = B Q (T - Q/2) pairs: forward 4 P H operations, backward 14 P H, each times the number of products. Read from
// L2: P H / 4 bytes forward, 3/4 P H backward, since 16 rows share a tile; from memory 4 H B (T + Q) bytes forward,
// 8 H B (T + 2 Q) backward. Shared memory for H 1028: 144 KB forward, 222 KB backward, and 241 KB with o = 1, which is
// more than there is. Estimate for 32 x 1000 x 1028 on an H100, InBf16: 1 ms forward, 4 ms backward, bound by shared
// memory and L2.
#pragma once

#include <cmath>
#include <cstddef>
#include <musicgen/core/error.hpp>
#include <string>

#include "attention_fused_tile.cuh"
#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// The number of bf16 numbers that stand for a float in scores and da, in contexts, and in dh.
struct InFp32 {
  static constexpr int score_terms = 3, context_terms = 3, gradient_terms = 3;
};
struct InBf16 {
  static constexpr int score_terms = 2, context_terms = 2, gradient_terms = 1;
};

/// h (T*B, H) are the outputs; the last Q positions are the queries. For H up to 1056.
struct FusedAttention {
  int B, T, Q, H;
  const float* h = nullptr;
  float* context = nullptr;  ///< (Q*B, H): assigned by the forward pass, read by the backward pass
  float* lse = nullptr;      ///< (Q*B), likewise: log sum exp of the scores; -infinity where nothing came before
  // only for the backward pass
  const float* dcontext = nullptr;  ///< (Q*B, H)
  float* D = nullptr;               ///< (Q*B), work space
  float* dh = nullptr;              ///< (T*B, H), added to

  int value_offset = 0;  ///< o: 1 for AttentionValue::successor
  float scale = 1;       ///< g
};

namespace fused {

inline constexpr float nothing = -INFINITY;

inline constexpr int few_steps = 2, many_steps = 6;         // of a warp
inline constexpr int few_hidden = 512, most_hidden = 1056;  // in 16 warps, in 11
/// The warps of a block. With 11 warps a thread may have 168 registers and uses 157 to 168; with 13 warps and 5 steps
/// it had 128, and spilled.
template <int steps>
inline constexpr int most_threads = (steps == few_steps ? few_hidden : most_hidden) /
                                    (steps * side) * device::warp_size;

/// The sum over the four lanes that hold a row.
template <class Join>
__device__ float of_row(float x, Join&& join) {
  x = join(x, __shfl_xor_sync(~0u, x, 1));
  return join(x, __shfl_xor_sync(~0u, x, 2));
}

template <class Operands, int steps>
__global__ void __launch_bounds__(most_threads<steps>, 1) attention_fused_forward_kernel(FusedAttention x) {
  const Place at;
  const int columns = at.warps * steps * side, tile = side * row_stride(columns);
  float* queries = device::dynamic_shared<float>();
  float* keys = queries + tile;
  const float* values = keys + x.value_offset * row_stride(columns);
  float* scores = keys + tile + x.value_offset * row_stride(columns);
  // the longest first
  const int q0 = static_cast<int>(gridDim.x - 1 - blockIdx.x) * side, b = static_cast<int>(blockIdx.y);
  const int t0 = x.T - x.Q + q0, last = min(t0 + side, x.T) - 1;  // which sees `last` keys

  load_tile(queries, columns, x.h, t0, x.T, b, x.B, x.H);
  Sums<Operands::context_terms, steps> context;
  float m[2] = {nothing, nothing}, l[2] = {};
  for (int k0 = 0; k0 < last; k0 += side) {
    load_tile(keys, columns, x.h, k0, x.T, b, x.B, x.H, side + x.value_offset);
    wait_for_tiles();
    multiply_tiles<Operands::score_terms, steps>(queries, keys, columns, scores);
    __syncthreads();
    add_parts(scores, at.warps);
    __syncthreads();
    float weights[2][4], factor[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int row = at.g + r * 8;
      float largest = m[r];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int column = at.q + 4 * i;
        weights[r][i] = k0 + column < t0 + row ? x.scale * scores[row * side + column] : nothing;
        largest = fmaxf(largest, weights[r][i]);
      }
      largest = of_row(largest, [](float u, float v) { return fmaxf(u, v); });
      const float base = largest == nothing ? 0.0f : largest;
      factor[r] = expf(m[r] - base);
      m[r] = largest;
      l[r] *= factor[r];
#pragma unroll
      for (int i = 0; i < 4; ++i) l[r] += weights[r][i] = expf(weights[r][i] - base);
    }
    context.scale(factor);
    context.add_product(weights, values, columns);
    __syncthreads();  // before the next keys are loaded
  }
  float inverse[2];
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    const float sum = of_row(l[r], [](float u, float v) { return u + v; });
    inverse[r] = sum > 0 ? 1 / sum : 0.0f;
    const int query = q0 + at.g + r * 8;
    if (at.warp == 0 && at.q == 0 && query < x.Q) x.lse[query * x.B + b] = sum > 0 ? m[r] + logf(sum) : nothing;
  }
  context.scale(inverse);
  context.each(q0, x.Q, b, x.B, x.H, [&](std::size_t i, float value) { x.context[i] = value; });
  finish_copies();  // of the queries, if there was no key
}

/// D = dcontext . context, one warp per row.
__global__ static void __launch_bounds__(128) attention_fused_dots_kernel(FusedAttention x) {
  const int row = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) / device::warp_size;
  if (row >= x.Q * x.B) return;
  const std::size_t first = static_cast<std::size_t>(row) * static_cast<std::size_t>(x.H);
  float sum = 0;
  for (int i = Place().lane; i < x.H; i += device::warp_size)
    sum += x.dcontext[first + static_cast<std::size_t>(i)] * x.context[first + static_cast<std::size_t>(i)];
  sum = device::warp_sum(sum);
  if (Place().lane == 0) x.D[row] = sum;
}

/// a and ds of a pair, from h_t . h_s (`score`) and da; 0 unless s < t.
struct Pair {
  float a, ds;
  __device__ Pair(const FusedAttention& x, int b, int t, int s, float score, float da) : a(0), ds(0) {
    if (s < 0 || s >= t || t >= x.T) return;
    const int query = (t - (x.T - x.Q)) * x.B + b;
    a = expf(x.scale * score - __ldg(&x.lse[query]));
    ds = x.scale * a * (da - __ldg(&x.D[query]));
  }
};

/// dh_t += sum_s ds_ts h_s; a block has 16 queries.
template <class Operands, int steps>
__global__ void __launch_bounds__(most_threads<steps>, 1) attention_fused_queries_kernel(FusedAttention x) {
  const Place at;
  const int columns = at.warps * steps * side, tile = side * row_stride(columns), parts = at.warps * side * side;
  float* queries = device::dynamic_shared<float>();
  float* dcontext = queries + tile;
  float* keys = dcontext + tile;
  const float* values = keys + x.value_offset * row_stride(columns);
  float* scores = keys + tile + x.value_offset * row_stride(columns);  // followed by da
  const int q0 = static_cast<int>(gridDim.x - 1 - blockIdx.x) * side, b = static_cast<int>(blockIdx.y);
  const int t0 = x.T - x.Q + q0, last = min(t0 + side, x.T) - 1;
  load_tile(queries, columns, x.h, t0, x.T, b, x.B, x.H);
  load_tile(dcontext, columns, x.dcontext, q0, x.Q, b, x.B, x.H);
  Sums<Operands::gradient_terms, steps> sums;
  for (int k0 = 0; k0 < last; k0 += side) {
    load_tile(keys, columns, x.h, k0, x.T, b, x.B, x.H, side + x.value_offset);
    wait_for_tiles();
    multiply_tiles<Operands::score_terms, steps>(queries, keys, columns, scores);
    multiply_tiles<Operands::score_terms, steps>(dcontext, values, columns, scores + parts);
    __syncthreads();
    add_parts(scores, at.warps);
    add_parts(scores + parts, at.warps);
    __syncthreads();
    float ds[2][4];
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const int row = at.g + i / 4 * 8, column = at.q + i % 4 * 4, element = row * side + column;
      ds[i / 4][i % 4] = Pair(x, b, t0 + row, k0 + column, scores[element], scores[parts + element]).ds;
    }
    sums.add_product(ds, keys, columns);
    __syncthreads();
  }
  sums.each(t0, x.T, b, x.B, x.H, [&](std::size_t i, float value) { x.dh[i] += value; });
  finish_copies();
}

/// dh_s += sum_t ds_ts h_t + a_t(s-o) dc_t; a block has 16 keys.
template <class Operands, int steps>
__global__ void __launch_bounds__(most_threads<steps>, 1) attention_fused_keys_kernel(FusedAttention x) {
  const Place at;
  const int columns = at.warps * steps * side, stride = row_stride(columns), tile = side * stride,
            parts = at.warps * side * side, offset = x.value_offset;
  float* before = device::dynamic_shared<float>();  // the keys, whose values these rows are
  const float *keys = before + offset * stride, *values = keys + offset * stride;
  float* dcontext = before + tile + 2 * offset * stride;
  float* queries = dcontext + tile;
  float* scores = queries + tile;  // followed by da and the scores of the keys before
  const int k0 = static_cast<int>(blockIdx.x) * side, b = static_cast<int>(blockIdx.y), first = x.T - x.Q;
  load_tile(before, columns, x.h, k0 - offset, x.T, b, x.B, x.H, side + 2 * offset);
  Sums<Operands::gradient_terms, steps> sums;
  for (int q0 = max(0, k0 - offset + 1 - first) / side * side; q0 < x.Q; q0 += side) {
    load_tile(queries, columns, x.h, first + q0, x.T, b, x.B, x.H);
    load_tile(dcontext, columns, x.dcontext, q0, x.Q, b, x.B, x.H);
    wait_for_tiles();
    multiply_tiles<Operands::score_terms, steps>(keys, queries, columns, scores);
    multiply_tiles<Operands::score_terms, steps>(values, dcontext, columns, scores + parts);
    if (offset > 0) multiply_tiles<Operands::score_terms, steps>(before, queries, columns, scores + 2 * parts);
    __syncthreads();
    for (int product = 0; product < 2 + offset; ++product) add_parts(scores + product * parts, at.warps);
    __syncthreads();
    float a[2][4], ds[2][4];
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const int row = at.g + i / 4 * 8, column = at.q + i % 4 * 4, element = row * side + column;
      const int t = first + q0 + column, s = k0 + row;
      const Pair pair(x, b, t, s, scores[element], scores[parts + element]);
      ds[i / 4][i % 4] = pair.ds;
      a[i / 4][i % 4] = offset == 0 ? pair.a : Pair(x, b, t, s - offset, scores[2 * parts + element], 0).a;
    }
    sums.add_product(ds, queries, columns);
    sums.add_product(a, dcontext, columns);
    __syncthreads();
  }
  sums.each(k0, x.T, b, x.B, x.H, [&](std::size_t i, float value) { x.dh[i] += value; });
  finish_copies();
}

inline int warps_for(int H, int steps) {
  return (H + steps * side - 1) / (steps * side);
}
/// @param tiles  of H columns  @param rows  beside these  @param products  of which each warp has a part
inline std::size_t shared_bytes(int H, int steps, int tiles, int rows, int products) {
  const int warps = warps_for(H, steps);
  const int floats = (tiles * side + rows) * row_stride(warps * steps * side) + products * warps * side * side;
  return static_cast<std::size_t>(floats) * sizeof(float);
}

template <int steps>
void launch(void (*kernel)(FusedAttention), int rows, int tiles, int more_rows, int products, const FusedAttention& x,
            device::Stream stream) {
  const int blocks = (rows + side - 1) / side, warps = warps_for(x.H, steps);
  device::launch(kernel, dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(x.B)),
                 static_cast<unsigned>(warps * device::warp_size), shared_bytes(x.H, steps, tiles, more_rows, products),
                 stream, x);
}

template <class Operands, int steps>
void forward(const FusedAttention& x, device::Stream stream) {
  launch<steps>(attention_fused_forward_kernel<Operands, steps>, x.Q, 2, x.value_offset, 1, x, stream);
}

template <class Operands, int steps>
void backward(const FusedAttention& x, device::Stream stream) {
  device::launch(attention_fused_dots_kernel, static_cast<unsigned>((x.Q * x.B + 3) / 4), 128, 0, stream, x);
  launch<steps>(attention_fused_keys_kernel<Operands, steps>, x.T, 3, 2 * x.value_offset, 2 + x.value_offset, x,
                stream);
  launch<steps>(attention_fused_queries_kernel<Operands, steps>, x.Q, 3, x.value_offset, 2, x, stream);
}

/// Whether the tiles fit, including those of the backward pass.
/// @param available  shared memory per block, in bytes
inline bool supports(int H, int value_offset, std::size_t available) {
  const int steps = H <= few_hidden ? few_steps : many_steps;
  return H <= most_hidden && shared_bytes(H, steps, 3, 2 * value_offset, 2 + value_offset) <= available;
}

inline void require_supported(const FusedAttention& x) {
  if (x.H < 1 || x.H > most_hidden)
    throw Error("attention_fused: hidden size " + std::to_string(x.H) +
                ", not 1 to 1056: tiles have to fit into shared memory");
}

}  // namespace fused

/// Contexts and lse of the last Q positions.
/// @throws Error  for H over 1056
template <class Operands>
void attention_fused_forward(const FusedAttention& x, device::Stream stream) {
  fused::require_supported(x);
  x.H <= fused::few_hidden ? fused::forward<Operands, fused::few_steps>(x, stream)
                           : fused::forward<Operands, fused::many_steps>(x, stream);
}

/// Adds to dh what follows from the gradient of the contexts, in three kernels.
/// @throws Error  for H over 1056
template <class Operands>
void attention_fused_backward(const FusedAttention& x, device::Stream stream) {
  fused::require_supported(x);
  x.H <= fused::few_hidden ? fused::backward<Operands, fused::few_steps>(x, stream)
                           : fused::backward<Operands, fused::many_steps>(x, stream);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
