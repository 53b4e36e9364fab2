// Embedding with the first layer's inputs. Twin: backend/cpu/embedding.hpp.
//
//   table = biases + E W'  (V, 4H)      gates_i = table[token_i]      S[v] = sum over i with token_i = v of dgates_i
//
// A token may have contexts, further rows of E, whose rows of the table have no biases: gates_i is the sum of all its
// rows, and S of each is a sum like the others.
//
// The products for table, dE and dW are in embedding.cu. C = 4H columns, N = T*B rows; a thread has four columns. With
// k contexts of each token:
//   gather         bytes  4 N C written, 4 V C read (the rest comes from the second cache)     operations  k N C
//   sum_by_token   bytes  4 (1 + k) N C read, 4 V C written    operations  (1 + k) N C          bound by memory
//
// The sums take no atomics, so that they have one order: the host sorts the positions by row (it has the tokens), a
// block takes 128 columns of a row, its 8 rows of threads every eighth position each, then these in ascending order.
#pragma once

#include <cstddef>

#include "elementwise.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels {

/// Rows of a table: checked by the host.
struct RowNumbers {
  const int* tokens;              ///< (N)
  const int* contexts = nullptr;  ///< (N, parts)
  int parts = 0;
};

__device__ inline void add_to(float4& sum, const float4& x) {
  sum.x += x.x;
  sum.y += x.y;
  sum.z += x.z;
  sum.w += x.w;
}

/// @param table  (V, C), C a multiple of 4
/// @param out    (N, C)
__global__ static void __launch_bounds__(threads_of_a_block)
    gather_rows_kernel(const float* table, RowNumbers numbers, int N, int C, float* out) {
  const std::int64_t i = thread_of_grid();
  const int fours = C / 4;
  const std::int64_t row = i / fours;
  if (row >= N) return;
  const auto* column = reinterpret_cast<const float4*>(table) + i % fours;
  float4 sum = column[static_cast<std::int64_t>(numbers.tokens[row]) * fours];
  for (int k = 0; k < numbers.parts; ++k)
    add_to(sum, column[static_cast<std::int64_t>(numbers.contexts[row * numbers.parts + k]) * fours]);
  reinterpret_cast<float4*>(out)[i] = sum;
}

inline void gather_rows(const float* table, const RowNumbers& numbers, int N, int C, float* out,
                        device::Stream stream) {
  const std::int64_t threads = static_cast<std::int64_t>(N) * (C / 4);
  device::launch(gather_rows_kernel, blocks_for(threads), threads_of_a_block, 0, stream, table, numbers, N, C, out);
}

/// @param rows    (N, C), C a multiple of 4
/// @param order   positions by row of the table, and ascending for each
/// @param begins  (V+1), where each row's positions begin in `order`
/// @param sums    (V, C), assigned
__global__ static void __launch_bounds__(256)
    sum_by_token_kernel(const float* rows, const int* order, const int* begins, int C, float* sums) {
  MUSICGEN_SHARED(float4, parts, [8][32]);
  const int row = static_cast<int>(blockIdx.x), group = static_cast<int>(threadIdx.y);
  const int fours = C / 4, four = static_cast<int>(blockIdx.y * 32 + threadIdx.x);
  const auto* x = reinterpret_cast<const float4*>(rows);
  float4 sum = make_float4(0, 0, 0, 0);
  if (four < fours)
    for (int i = begins[row] + group; i < begins[row + 1]; i += 8)
      add_to(sum, x[static_cast<std::size_t>(order[i]) * fours + four]);
  parts[group][threadIdx.x] = sum;
  __syncthreads();
  if (group > 0 || four >= fours) return;
#pragma unroll
  for (int other = 1; other < 8; ++other) add_to(sum, parts[other][threadIdx.x]);
  reinterpret_cast<float4*>(sums)[static_cast<std::size_t>(row) * fours + four] = sum;
}

inline void sum_by_token(const float* rows, const int* order, const int* begins, int V, int C, float* sums,
                         device::Stream stream) {
  const dim3 grid(static_cast<unsigned>(V), static_cast<unsigned>(C / 4 + 31) / 32);  // rows where many may be
  device::launch(sum_by_token_kernel, grid, dim3(32, 8), 0, stream, rows, order, begins, C, sums);
}

}  // namespace musicgen::inline MUSICGEN_ABI::kernels
