// Embedding with the first layer's inputs. CPU version: backend/cpu/embedding.hpp.
//
//   table = biases + E W'  (V, 4H)      gates_i = table[token_i]      S[v] = sum over i with token_i = v of dgates_i
//
// The products for table, dE and dW are in embedding.cu. C = 4H columns, N = T*B rows; a thread has four columns.
//   gather         bytes  4 N C written, 4 V C read (the rest comes from L2)     no operations
//   sum_by_token   bytes  4 N C read, 4 V C written        operations  N C                      bound by memory
//
// The sums use no atomics, so that their order is fixed: the host, which has the tokens, sorts the positions by token.
// A block sums 128 columns of a token: each of its 8 rows of threads every eighth position, then these in ascending
// order.
#pragma once

#include <cstddef>

#include "elementwise.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// @param table   (V, C), C a multiple of 4
/// @param tokens  (N), each in [0, V): checked by the host
/// @param out     (N, C)
__global__ static void __launch_bounds__(threads_of_a_block)
    gather_rows_kernel(const float* table, const int* tokens, int N, int C, float* out) {
  const std::int64_t i = thread_of_grid();
  const int fours = C / 4;
  const std::int64_t row = i / fours;
  if (row >= N) return;
  const auto* from = reinterpret_cast<const float4*>(table) + static_cast<std::int64_t>(tokens[row]) * fours;
  reinterpret_cast<float4*>(out)[i] = from[i % fours];
}

inline void gather_rows(const float* table, const int* tokens, int N, int C, float* out, device::Stream stream) {
  const std::int64_t threads = static_cast<std::int64_t>(N) * (C / 4);
  device::launch(gather_rows_kernel, blocks_for(threads), threads_of_a_block, 0, stream, table, tokens, N, C, out);
}

__device__ inline void add_to(float4& sum, const float4& x) {
  sum.x += x.x;
  sum.y += x.y;
  sum.z += x.z;
  sum.w += x.w;
}

/// @param rows    (N, C), C a multiple of 4
/// @param order   (N), positions by token, ascending for each token
/// @param begins  (V+1), where each token's positions begin in `order`
/// @param sums    (V, C), assigned
__global__ static void __launch_bounds__(256)
    sum_by_token_kernel(const float* rows, const int* order, const int* begins, int C, float* sums) {
  MUSICGEN_SHARED(float4, parts, [8][32]);
  const int token = static_cast<int>(blockIdx.x), group = static_cast<int>(threadIdx.y);
  const int fours = C / 4, four = static_cast<int>(blockIdx.y * 32 + threadIdx.x);
  const auto* x = reinterpret_cast<const float4*>(rows);
  float4 sum = make_float4(0, 0, 0, 0);
  if (four < fours)
    for (int i = begins[token] + group; i < begins[token + 1]; i += 8)
      add_to(sum, x[static_cast<std::size_t>(order[i]) * fours + four]);
  parts[group][threadIdx.x] = sum;
  __syncthreads();
  if (group > 0 || four >= fours) return;
#pragma unroll
  for (int other = 1; other < 8; ++other) add_to(sum, parts[other][threadIdx.x]);
  reinterpret_cast<float4*>(sums)[static_cast<std::size_t>(token) * fours + four] = sum;
}

inline void sum_by_token(const float* rows, const int* order, const int* begins, int V, int C, float* sums,
                         device::Stream stream) {
  const dim3 grid(static_cast<unsigned>(V), static_cast<unsigned>(C / 4 + 31) / 32);  // tokens in x, which may be large
  device::launch(sum_by_token_kernel, grid, dim3(32, 8), 0, stream, rows, order, begins, C, sums);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
