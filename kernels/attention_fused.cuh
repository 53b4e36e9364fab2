// Attention of each output over the earlier ones in one pass: the weights are never written to memory. Semantics and
// names: backend/cpu/attention.hpp.
//
//   score_ts = g h_t . h_s  for s < t      a_ts = exp(score_ts - lse_t)        c_t = sum_s a_ts v_s,  c_0 = 0
//   v_s = h_{s+o}, o = 0 or 1; g the scale
//
// Forward, a tile of keys after the other (Milakov, Gimelshein 2018; Dao et al. 2022), of a query:
//
//   m' = max(m, max score)    l := l e^(m-m') + sum e^(score-m')    c := c e^(m-m') + sum e^(score-m') v_s    m := m'
//
// at last c / l and lse = m + log l. Backward, with D_t = dc_t . c_t = sum_s a_ts da_ts and da_ts = dc_t . v_s:
//
//   ds_ts = g a_ts (da_ts - D_t)  dh_t += sum_s ds_ts h_s    dh_s += sum_t ds_ts h_t + a_t(s-o) dc_t
//
// and what attention_pairs.cuh adds to scores and da, where the parts of a product are added up: D_t is then
// dc_t . c_t - share_t found_t,
//
// in a kernel that owns queries and one that owns keys, each of which computes score and da anew: nobody else writes
// a block's rows of dh, so sums are of the same order, and bits, every time. A tile of keys has o rows more at its end,
// so that values are its rows from o on; where dh is made for them, o more at its beginning, and a third product, for
// a_t(s-o).
//
// A block owns 16 rows and meets 16 columns at a time. H is split over its warps, 16 `steps` columns each: a warp sums
// its part of the scores, which the block then adds up, and owns these columns of the result, in registers.
//
// Precision. Tensor cores take bf16, and scores of hundreds leave a number of 8 bits no fraction. So a float is the sum
// of two or three bf16 numbers, and a product that of all pairs that matter: x y = x0 y0 + x0 y1 + x1 y0 + ...
//
//                              terms  scores, da   contexts   sums of dh      largest error of contexts, of dh
//   InFp32                            3            3          3               1.3e-5   1.7e-5
//   InBf16                            2            2          1               1.4e-4   1.8e-3
//   contexts, and so D, in bf16       2            1          1               2.8e-3   1.6e-2
//   bf16 alone                        1            1          1               2.2e-2   2.2e-2
//
// measured against double, over the largest value, in the emulator: a song of 60 outputs, H 400, scores to 294 (the
// test's; fp32 itself has steps of 3e-5 at such a score). 1, 2, 3 terms make 1, 3, 6 products.
//
// With P = B Q (T - Q/2) pairs: forward 4 P H operations times products, backward 14 P H. Read from L2: P H / 4 bytes
// forward, 3/4 P H backward, since 16 rows share a tile; from memory 4 H B (T + Q) bytes forward, 8 H B (T + 2 Q)
// backward. Shared memory for H 1028: 144 KB forward, 222 KB backward, with o = 1
// 241 KB, more than there is. Estimate for 32 x 1000 x 1028 on an H100,
// InBf16: 1 ms forward, 4 ms backward, bound by shared memory and L2.
#pragma once

#include <cmath>
#include <cstddef>
#include <musicgen/core/error.hpp>
#include <string>

#include "attention_fused_tile.cuh"
#include "attention_pairs.cuh"
#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// Operands of attention_fused: how many bf16 numbers stand for a float in scores and da, in contexts, in dh.
struct InFp32 {
  static constexpr int score_terms = 3, context_terms = 3, gradient_terms = 3;
};
struct InBf16 {
  static constexpr int score_terms = 2, context_terms = 2, gradient_terms = 1;
};

/// h (T*B, H) are the outputs; the last Q positions ask. For H to 1056; in fp32 with places or copying to 512.
struct FusedAttention {
  int B, T, Q, H;
  const float* h = nullptr;
  float* context = nullptr;  ///< (Q*B, H): assigned by the forward pass, read by the backward pass
  float* lse = nullptr;      ///< (Q*B), likewise: log sum exp of the scores; -infinity where nothing came before
  // for the backward pass alone
  const float* dcontext = nullptr;  ///< (Q*B, H)
  float* D = nullptr;               ///< (Q*B), memory to work in
  float* dh = nullptr;              ///< (T*B, H), added to

  int value_offset = 0;  ///< o: 1 for AttentionValue::successor
  float scale = 1;       ///< g
  PreferredPlaces places{};
  CopiedTokens copied{};

  /// Whether the query at time t may see s, and both are in the song.
  __device__ bool is_pair(int t, int s) const { return s >= 0 && s < t && t < T; }
  __device__ int query(int b, int t) const { return (t - (T - Q)) * B + b; }
  /// The same, computed each time, since what does not change from tile to tile would be kept in registers.
  __device__ int query_here(int b, int t) const { return device::computed_here(query(b, t)); }
  __device__ bool same_place(int b, int t, int s) const {
    return is_pair(t, s) && places.equal(query_here(b, t), s * B + b);
  }
  __device__ bool copies_target(int b, int t, int s) const {
    return is_pair(t, s) && copied.equal(query_here(b, t), s * B + b);
  }
  /// What h_t . h_s is kept as, and the score that this stands for. Without additions the scale comes late, where it
  /// takes no register.
  /// @tparam additions  whether there may be places and copying
  template <bool additions>
  __device__ float kept_score(int b, int t, int s, float product) const {
    if (!additions) return product;
    return scale * product + (places.keys && same_place(b, t, s) ? places.worth[query_here(b, t)] : 0.0f);
  }
  template <bool additions>
  __device__ float score_of(float kept) const {
    return additions ? kept : scale * kept;
  }
  /// From dc_t . v_s.
  template <bool additions>
  __device__ float da(int b, int t, int s, float product) const {
    if (!additions || !copied.shares || !copies_target(b, t, s)) return product;
    return product - copied.shares[query_here(b, t)];
  }
};

namespace fused {

inline constexpr float nothing = -INFINITY;

inline constexpr int few_steps = 2, many_steps = 6;         // of a warp
inline constexpr int few_hidden = 512, most_hidden = 1056;  // in 16 warps, in 11
/// Of a block. Each of 11 warps has 168 registers a thread, and uses 157 to 168; 13 warps, with 5 steps, had 128, which
/// spilled.
template <int steps>
inline constexpr int most_threads = (steps == few_steps ? few_hidden : most_hidden) /
                                    (steps * side) * device::warp_size;

/// Whether there may be places and copying: the largest kernels have no register left for them.
template <class Operands, int steps>
inline constexpr bool has_additions = steps == few_steps || Operands::score_terms < 3;

template <class Operands, int steps>
__global__ void __launch_bounds__(most_threads<steps>, 1) attention_fused_forward_kernel(FusedAttention x) {
  constexpr bool additions = has_additions<Operands, steps>;
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
  MUSICGEN_SHARED(float, found_sums, [side]);
  RowSums found(found_sums);
  Sums<Operands::context_terms, steps> context;
  float m[2] = {nothing, nothing}, l[2] = {};
  for (int k0 = 0; k0 < last; k0 += side) {
    load_tile(keys, columns, x.h, k0, x.T, b, x.B, x.H, side + x.value_offset);
    wait_for_tiles();
    multiply_tiles<Operands::score_terms, steps>(queries, keys, columns, scores);
    __syncthreads();
    add_parts(scores, at.warps,
              [&](int row, int column, float sum) { return x.kept_score<additions>(b, t0 + row, k0 + column, sum); });
    __syncthreads();
    float weights[2][4], factor[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int row = at.g + r * 8;
      float largest = m[r];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int column = at.q + 4 * i;
        weights[r][i] = k0 + column < t0 + row ? x.score_of<additions>(scores[row * side + column]) : nothing;
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
    if (additions && x.copied.found)
      found.add(factor, weights, [&](int row, int column) { return x.copies_target(b, t0 + row, k0 + column); });
    context.scale(factor);
    context.add_product(weights, values, columns);
    __syncthreads();  // before the next keys come
  }
  float inverse[2];
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    const float sum = sum_of_row(l[r]);
    inverse[r] = sum > 0 ? 1 / sum : 0.0f;
    const int row = at.g + r * 8;
    if (!RowSums::keeps() || q0 + row >= x.Q) continue;
    x.lse[(q0 + row) * x.B + b] = sum > 0 ? m[r] + logf(sum) : nothing;
    if (additions && x.copied.found) x.copied.found[(q0 + row) * x.B + b] = inverse[r] * found.of(row);
  }
  context.scale(inverse);
  context.each(q0, x.Q, b, x.B, x.H, [&](std::size_t i, float value) { x.context[i] = value; });
  finish_copies();  // of queries, where there was no key
}

/// D, a warp a row.
__global__ static void __launch_bounds__(128) attention_fused_dots_kernel(FusedAttention x) {
  const int row = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) / device::warp_size;
  if (row >= x.Q * x.B) return;
  const std::size_t first = static_cast<std::size_t>(row) * static_cast<std::size_t>(x.H);
  float sum = 0;
  for (int i = Place().lane; i < x.H; i += device::warp_size)
    sum += x.dcontext[first + static_cast<std::size_t>(i)] * x.context[first + static_cast<std::size_t>(i)];
  sum = device::warp_sum(sum);
  if (Place().lane == 0) x.D[row] = x.copied.shares ? sum - x.copied.shares[row] * x.copied.found[row] : sum;
}

/// a and ds of a pair, from its score as it is kept, and da; 0 where s < t does not hold.
template <bool additions>
struct Pair {
  float a, ds;
  __device__ Pair(const FusedAttention& x, int b, int t, int s, float kept, float da) : a(0), ds(0) {
    if (!x.is_pair(t, s)) return;
    const int query = x.query(b, t);
    a = expf(x.score_of<additions>(kept) - __ldg(&x.lse[query]));
    ds = x.scale * a * (da - __ldg(&x.D[query]));
  }
};

/// dh_t += sum_s ds_ts h_s, a block 16 queries.
template <class Operands, int steps>
__global__ void __launch_bounds__(most_threads<steps>, 1) attention_fused_queries_kernel(FusedAttention x) {
  constexpr bool additions = has_additions<Operands, steps>;
  const Place at;
  const int columns = at.warps * steps * side, tile = side * row_stride(columns), parts = at.warps * side * side;
  float* queries = device::dynamic_shared<float>();
  float* dcontext = queries + tile;
  float* keys = dcontext + tile;
  const float* values = keys + x.value_offset * row_stride(columns);
  float* scores = keys + tile + x.value_offset * row_stride(columns);  // and da behind them
  const int q0 = static_cast<int>(gridDim.x - 1 - blockIdx.x) * side, b = static_cast<int>(blockIdx.y);
  const int t0 = x.T - x.Q + q0, last = min(t0 + side, x.T) - 1;
  load_tile(queries, columns, x.h, t0, x.T, b, x.B, x.H);
  load_tile(dcontext, columns, x.dcontext, q0, x.Q, b, x.B, x.H);
  MUSICGEN_SHARED(float, dworth_sums, [side]);
  RowSums dworth(dworth_sums);
  Sums<Operands::gradient_terms, steps> sums;
  for (int k0 = 0; k0 < last; k0 += side) {
    load_tile(keys, columns, x.h, k0, x.T, b, x.B, x.H, side + x.value_offset);
    wait_for_tiles();
    multiply_tiles<Operands::score_terms, steps>(queries, keys, columns, scores);
    multiply_tiles<Operands::score_terms, steps>(dcontext, values, columns, scores + parts);
    __syncthreads();
    add_parts(scores, at.warps,
              [&](int row, int column, float sum) { return x.kept_score<additions>(b, t0 + row, k0 + column, sum); });
    add_parts(scores + parts, at.warps,
              [&](int row, int column, float sum) { return x.da<additions>(b, t0 + row, k0 + column, sum); });
    __syncthreads();
    float ds[2][4];
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const int row = at.g + i / 4 * 8, column = at.q + i % 4 * 4, element = row * side + column;
      ds[i / 4][i % 4] = Pair<additions>(x, b, t0 + row, k0 + column, scores[element], scores[parts + element]).ds;
    }
    if (additions && x.places.dworth)
      dworth.add({1, 1}, ds, [&](int row, int column) { return x.same_place(b, t0 + row, k0 + column); });
    sums.add_product(ds, keys, columns);
    __syncthreads();
  }
  if (additions && x.places.dworth && RowSums::keeps())
    for (int row = at.g; row < side && q0 + row < x.Q; row += 8)
      x.places.dworth[(q0 + row) * x.B + b] = dworth.of(row) / x.scale;
  sums.each(t0, x.T, b, x.B, x.H, [&](std::size_t i, float value) { x.dh[i] += value; });
  finish_copies();
}

/// dh_s += sum_t ds_ts h_t + a_t(s-o) dc_t, a block 16 keys.
template <class Operands, int steps>
__global__ void __launch_bounds__(most_threads<steps>, 1) attention_fused_keys_kernel(FusedAttention x) {
  constexpr bool additions = has_additions<Operands, steps>;
  const Place at;
  const int columns = at.warps * steps * side, stride = row_stride(columns), tile = side * stride,
            parts = at.warps * side * side, offset = x.value_offset;
  float* before = device::dynamic_shared<float>();  // the keys, whose values these rows are
  const float *keys = before + offset * stride, *values = keys + offset * stride;
  float* dcontext = before + tile + 2 * offset * stride;
  float* queries = dcontext + tile;
  float* scores = queries + tile;  // da behind them, and the scores of those before
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
    add_parts(scores, at.warps, [&](int row, int column, float sum) {
      return x.kept_score<additions>(b, first + q0 + column, k0 + row, sum);
    });
    add_parts(scores + parts, at.warps,
              [&](int row, int column, float sum) { return x.da<additions>(b, first + q0 + column, k0 + row, sum); });
    if (offset > 0)
      add_parts(scores + 2 * parts, at.warps, [&](int row, int column, float sum) {
        return x.kept_score<additions>(b, first + q0 + column, k0 + row - offset, sum);
      });
    __syncthreads();
    float a[2][4], ds[2][4];
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      const int row = at.g + i / 4 * 8, column = at.q + i % 4 * 4, element = row * side + column;
      const int t = first + q0 + column, s = k0 + row;
      const Pair<additions> pair(x, b, t, s, scores[element], scores[parts + element]);
      ds[i / 4][i % 4] = pair.ds;
      a[i / 4][i % 4] = offset == 0 ? pair.a : Pair<additions>(x, b, t, s - offset, scores[2 * parts + element], 0).a;
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

/// Whether the tiles fit, the backward pass's too.
/// @param additions  places or copying
/// @param available  shared memory that a block can have, bytes
template <class Operands>
bool supports(int H, int value_offset, bool additions, std::size_t available) {
  const bool few = H <= few_hidden;
  if (additions && !(few ? has_additions<Operands, few_steps> : has_additions<Operands, many_steps>)) return false;
  const std::size_t row_sums = side * sizeof(float);
  return H <= most_hidden &&
         shared_bytes(H, few ? few_steps : many_steps, 3, 2 * value_offset, 2 + value_offset) + row_sums <= available;
}

template <class Operands>
void require_supported(const FusedAttention& x) {
  if (x.H < 1 || x.H > most_hidden)
    throw Error("attention_fused: hidden size " + std::to_string(x.H) +
                ", not 1 to 1056: tiles have to fit into shared memory");
  if (x.H > few_hidden && (x.places.keys || x.copied.after) && !has_additions<Operands, many_steps>)
    throw Error("attention_fused: hidden size " + std::to_string(x.H) +
                ", not 1 to 512, in fp32 with places or copying: there are too few registers");
}

}  // namespace fused

/// Contexts and lse of the last Q positions.
/// @throws Error  for H over 1056, or over 512 in fp32 with places or copying
template <class Operands>
void attention_fused_forward(const FusedAttention& x, device::Stream stream) {
  fused::require_supported<Operands>(x);
  x.H <= fused::few_hidden ? fused::forward<Operands, fused::few_steps>(x, stream)
                           : fused::forward<Operands, fused::many_steps>(x, stream);
}

/// Adds to dh what the contexts' gradient comes to, in three kernels.
/// @throws Error  for H over 1056, or over 512 in fp32 with places or copying
template <class Operands>
void attention_fused_backward(const FusedAttention& x, device::Stream stream) {
  fused::require_supported<Operands>(x);
  x.H <= fused::few_hidden ? fused::backward<Operands, fused::few_steps>(x, stream)
                           : fused::backward<Operands, fused::many_steps>(x, stream);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
