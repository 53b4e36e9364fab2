// What the kernels of attention_fused.cuh are made of: tiles of 16 rows in shared memory, and products of them by
// tensor cores to the precision that is asked for.
//
// A float is the sum of `terms` bf16 numbers, x = x0 + x1 + ..., each the rest rounded, and
//
//   x y = x0 y0 + (x0 y1 + x1 y0) + (x0 y2 + x1 y1 + x2 y0)      1, 3 or 6 products, to 8, 16 or 24 bits
//
// Tiles stay floats in shared memory and are split on their way into registers, so that they take the same room
// whatever the precision.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device.cuh"

namespace musicgen::inline MUSICGEN_ABI::kernels::fused {

inline constexpr int side = 16;  // of a tile

/// Where a thread stands: its lane holds rows g and g + 8 of a tile, and of the 16 columns q, q+4, q+8, q+12.
struct Place {
  int warp = static_cast<int>(threadIdx.x) / device::warp_size,
      lane = static_cast<int>(threadIdx.x) % device::warp_size;
  int warps = static_cast<int>(blockDim.x) / device::warp_size;
  int g = lane / 4, q = lane % 4;
};

/// Floats from row to row in shared memory: 8 modulo 32, so that neither the pairs of a row nor the columns of four
/// rows, which lanes read at a time, fall into one bank.
__host__ __device__ inline int row_stride(int columns) {
  return (columns + 23) / 32 * 32 + 8;
}

/// A pair of floats as a sum of `terms` pairs of bf16, the largest first.
template <int terms>
__device__ void split(float x, float y, std::uint32_t (&parts)[terms]) {
#pragma unroll
  for (int i = 0; i < terms; ++i) {
    parts[i] = device::pack_bf16(x, y);
    x -= __uint_as_float(parts[i] << 16);
    y -= __uint_as_float(parts[i] & 0xffff0000u);
  }
}

/// Operands of mma_bf16, each of their words (a pair) split.
template <int terms, int words>
struct Fragment {
  std::uint32_t word[terms][words];
  __device__ void set(int at, float x, float y) {
    std::uint32_t parts[terms];
    split<terms>(x, y, parts);
#pragma unroll
    for (int i = 0; i < terms; ++i) word[i][at] = parts[i];
  }
};

/// c += a b, small terms first.
template <int terms>
__device__ void multiply(float (&c)[4], const Fragment<terms, 4>& a, const Fragment<terms, 2>& b) {
#pragma unroll
  for (int order = terms - 1; order >= 0; --order)
#pragma unroll
    for (int i = 0; i <= order; ++i) device::mma_bf16(c, a.word[i], b.word[order - i]);
}

/// Positions first ... of sequence b of a time-major (n*B, H) matrix into `rows` rows of shared memory, zeros around
/// it.
__device__ inline void load_tile(float* tile, int columns, const float* m, int first, int n, int b, int B, int H,
                                 int rows = side) {
  const Place at;
  for (int row = at.warp; row < rows; row += at.warps) {
    const bool is_row = first + row >= 0 && first + row < n;
    const float* from =
        m + (is_row ? static_cast<std::size_t>((first + row) * B + b) * static_cast<std::size_t>(H) : 0);
    for (int c = at.lane; c < columns; c += device::warp_size) {
      const bool inside = is_row && c < H;
      device::copy_async_or_zero<4>(&tile[row * row_stride(columns) + c], from + (inside ? c : 0), inside);
    }
  }
}

/// Of this thread.
__device__ inline void finish_copies() {
  device::copy_async_commit();
  device::copy_async_wait<0>();
}

__device__ inline void wait_for_tiles() {
  finish_copies();
  __syncthreads();
}

/// The sum over this warp's columns of A B', both (16, columns) in shared memory, into the warp's part (16, 16).
template <int terms, int steps>
__device__ void multiply_tiles(const float* A, const float* B, int columns, float* parts) {
  const Place at;
  const int stride = row_stride(columns), p = 2 * at.q;
  float c[2][4] = {};
#pragma unroll
  for (int step = 0; step < steps; ++step) {
    const int k = (at.warp * steps + step) * side + p;
    const auto pair = [&](const float* tile, int row, int column) {
      return *reinterpret_cast<const float2*>(&tile[row * stride + column]);
    };
    Fragment<terms, 4> a;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float2 x = pair(A, at.g + i % 2 * 8, k + i / 2 * 8);
      a.set(i, x.x, x.y);
    }
#pragma unroll
    for (int n = 0; n < 2; ++n) {
      Fragment<terms, 2> b;
#pragma unroll
      for (int i = 0; i < 2; ++i) {
        const float2 x = pair(B, at.g + n * 8, k + i * 8);
        b.set(i, x.x, x.y);
      }
      multiply<terms>(c[n], a, b);
    }
  }
#pragma unroll
  for (int i = 0; i < 8; ++i)
    parts[at.warp * side * side + (at.g + i % 4 / 2 * 8) * side + i / 4 * 8 + p + i % 2] = c[i / 4][i % 4];
}

/// The first part becomes what `finish(row, column, sum of all)` makes of it.
template <class Finish>
__device__ void add_parts(float* parts, int warps, Finish&& finish) {
  for (int i = static_cast<int>(threadIdx.x); i < side * side; i += static_cast<int>(blockDim.x)) {
    float sum = parts[i];
    for (int w = 1; w < warps; ++w) sum += parts[w * side * side + i];
    parts[i] = finish(i / side, i % side, sum);
  }
}

/// Over the four lanes that hold a row.
template <class Join>
__device__ float of_row(float x, Join&& join) {
  x = join(x, __shfl_xor_sync(~0u, x, 1));
  return join(x, __shfl_xor_sync(~0u, x, 2));
}
__device__ inline float sum_of_row(float x) {
  return of_row(x, [](float u, float v) { return u + v; });
}

/// A number for each of a block's rows, in shared memory, since registers are scarce: the lanes of the first warp that
/// begin a row keep it.
class RowSums {
 public:
  /// @param sums  (16)
  __device__ explicit RowSums(float* sums) : sums_(sums) {
    if (!keeps()) return;
    sums_[Place().g] = 0;
    sums_[Place().g + 8] = 0;
  }
  __device__ static bool keeps() { return Place().warp == 0 && Place().q == 0; }

  /// Adds those of x (16, 16), of which the lane holds its place, that are `taken(row, column)`, after what is there
  /// has been multiplied by the row's factor.
  template <class Taken>
  __device__ void add(const float (&factor)[2], const float (&x)[2][4], Taken&& taken) {
    const Place at;
    if (at.warp > 0) return;
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const int row = at.g + r * 8;
      float sum = 0;
#pragma unroll
      for (int i = 0; i < 4; ++i) sum += taken(row, at.q + 4 * i) ? x[r][i] : 0.0f;
      sum = sum_of_row(sum);
      if (at.q == 0) sums_[row] = factor[r] * sums_[row] + sum;
    }
  }

  /// Where `keeps()`.
  __device__ float of(int row) const {
    return sums_[row];
  }

 private:
  float* sums_;
};

/// A block's rows of a result: of this warp's columns, as mma_bf16 has them.
template <int terms, int steps>
struct Sums {
  float c[2 * steps][4] = {};

  /// += X Y with X (16, 16), of which the lane holds its place, and Y (16, columns) in shared memory. The order of
  /// what is summed over is free, and chosen for the banks.
  __device__ void add_product(const float (&x)[2][4], const float* Y, int columns) {
    const Place at;
    const int stride = row_stride(columns);
    Fragment<terms, 4> a;
#pragma unroll
    for (int i = 0; i < 4; ++i) a.set(i, x[i % 2][i / 2 * 2], x[i % 2][i / 2 * 2 + 1]);
#pragma unroll
    for (int n = 0; n < 2 * steps; ++n) {
      const float* column = &Y[at.q * stride + (at.warp * 2 * steps + n) * 8 + at.g];
      Fragment<terms, 2> b;
      b.set(0, column[0], column[4 * stride]);
      b.set(1, column[8 * stride], column[12 * stride]);
      multiply<terms>(c[n], a, b);
    }
  }

  __device__ void scale(const float (&factor)[2]) {
#pragma unroll
    for (int n = 0; n < 2 * steps; ++n)
#pragma unroll
      for (int i = 0; i < 4; ++i) c[n][i] *= factor[i / 2];
  }

  /// Calls `give(element, sum)` for each element of the block's rows, positions first ... of n of sequence b in a
  /// time-major matrix.
  template <class Give>
  __device__ void each(int first, int n, int b, int B, int H, Give&& give) const {
    const Place at;
#pragma unroll
    for (int j = 0; j < 2 * steps; ++j)
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int row = first + at.g + i / 2 * 8, column = (at.warp * 2 * steps + j) * 8 + 2 * at.q + i % 2;
        if (row < n && column < H)
          give(static_cast<std::size_t>(row * B + b) * static_cast<std::size_t>(H) + static_cast<std::size_t>(column),
               c[j][i]);
      }
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI::kernels::fused
