// The parts of the persistent GRU kernels: a slice of a matrix that stays in a block through all steps, and how blocks
// exchange what it is multiplied with.
//
//   Y (A, R) = W (A, K) X (K, R)
//
// W are A rows of recurrent weights, and X is a state or a gradient of R sequences. W is the left factor, since the
// left factor of mma has rows in multiples of 16 and the right one columns in multiples of 8: so a block may have as
// few as 8 sequences. The warps divide K in steps of 16, where step i of warp w is w + i * warps. The product ends with
// a sum over the warps in shared memory, always in the same order.
//
// X is in global memory in the order in which the lanes need it ("operand order"), so that a warp reads a step as one
// piece, of 256 R/8 bytes in bf16 and 1 KiB R/16 in fp32. What other blocks write in the same launch is read with
// __ldcg, bypassing the first-level cache.
#pragma once

#include "device.cuh"

#include <cstddef>
#include <type_traits>

namespace musicgen::inline MUSICGEN_ABI::kernels {

using device::bf16;

/// How a kernel's work is divided: the parameters to tune with benchmarks.
template <class Operand_, int units_, int rows_, int register_steps_ = 0, int fetched_steps_ = 8, int warps_ = 8>
struct GruShape {
  using Operand = Operand_;                               ///< bf16 or float
  static constexpr int units = units_;                    ///< hidden units per block, a multiple of 16
  static constexpr int rows = rows_;                      ///< sequences that are multiplied together, 8 or 16
  static constexpr int register_steps = register_steps_;  ///< steps per warp whose weights are in registers
  static constexpr int fetched_steps = fetched_steps_;    ///< steps per warp whose X is loaded at the same time
  static constexpr int warps = warps_;
  static constexpr int threads = 32 * warps;
  static constexpr int cells = (units * rows + threads - 1) / threads;  ///< (unit, sequence) pairs per thread
  static_assert(units % 16 == 0 && (rows == 8 || rows == 16));
};

namespace persistent {

inline constexpr int step_width = 16;  // of K, per step

/// Adds up what the warps have computed. Rows of W and columns of X are permuted so that neither storing fragments nor
/// reading 8 rows of W by 4 columns of X has bank conflicts.
template <int A, int R, int warps>
struct Parts {
  static constexpr std::size_t bytes = sizeof(float) * A * R * warps;

  __device__ static int place(int a, int column) { return (column / 8 * A + a) * 8 + (column % 8 ^ (a & 4)); }

  __device__ float sum(int a, int column) const {
    float y = 0;
#pragma unroll
    for (int warp = 0; warp < warps; ++warp) y += parts[warp * A * R + place(a, column)];
    return y;
  }

  float* parts;  // [warps][R / 8][A][8]
};

/// Keeps W and multiplies by it.
template <class Operand, int A, class Shape>
class Slice;

// In bf16: fragments of mma_bf16, the first steps' in registers, the others in shared memory.
template <int A, class Shape>
class Slice<bf16, A, Shape> {
  static constexpr int R = Shape::rows, warps = Shape::warps, register_steps = Shape::register_steps;
  static constexpr int tiles = A / 16, column_tiles = R / 8;
  // Independent products: an mma takes some 33 cycles, but another one can begin after about 5.
  static constexpr int sets = tiles * column_tiles >= 4 ? 1 : 4 / (tiles * column_tiles);
  static constexpr int depth = Shape::fetched_steps;
  static_assert(depth % sets == 0);
  using Columns = std::conditional_t<column_tiles == 1, uint2, uint4>;  // a lane's share of a step of X

 public:
  __host__ __device__ static constexpr std::size_t shared_bytes(int steps) {
    const int more = (steps + warps - 1) / warps - register_steps;
    return more > 0 ? std::size_t{32 * sizeof(uint4)} * tiles * warps * static_cast<std::size_t>(more) : 0;
  }

  /// The index of X[k][column] in operand order.
  __device__ static int place(int k, int column) {
    const int lane = column % 8 * 4 + k % 8 / 2;
    return ((k / 16 * 32 + lane) * 2 * column_tiles + column / 8 * 2 + k % 16 / 8) * 2 + k % 2;
  }
  __device__ static bf16 operand(float x) { return device::to_bf16(x); }

  static constexpr std::size_t scratch_bytes = std::size_t{32 * sizeof(uint4)} * tiles * warps;

  /// Takes the first shared_bytes(steps) of the block's shared memory and, during construction, the scratch_bytes after
  /// them. What is kept in registers is loaded through these, since loading it directly would bloat an unrolled loop.
  /// @param steps   K / 16
  /// @param weight  (a, k) -> bf16
  template <class Weight>
  __device__ Slice(int steps, Weight&& weight) : steps_(steps), shared_(device::dynamic_shared<uint4>()) {
    uint4* scratch = shared_ + shared_bytes(steps) / sizeof(uint4) + warp() * tiles * 32 + lane();
#pragma unroll
    for (int i = 0; i < register_steps; ++i) {
#pragma unroll 1
      for (int tile = 0; tile < tiles; ++tile) scratch[tile * 32] = fragment(tile, step(i), weight);
#pragma unroll
      for (int tile = 0; tile < tiles; ++tile) w_[i][tile] = scratch[tile * 32];
    }
#pragma unroll 1
    for (int i = register_steps; step(i) < steps; ++i)
#pragma unroll 1
      for (int tile = 0; tile < tiles; ++tile) in_shared(i, tile) = fragment(tile, step(i), weight);
  }

  /// The warp's part of Y. @param x  (K, R) in operand order
  __device__ void multiply(const bf16* x, float* parts) const {
    float c[sets][tiles][column_tiles][4] = {};
    Columns columns[depth];
#pragma unroll
    for (int i = 0; i < depth; ++i) columns[i] = fetch(x, i);
#pragma unroll
    for (int i = 0; i < register_steps; ++i) {
      if (step(i) < steps_) add_product(c[i % sets], w_[i], columns[i % depth]);
      columns[i % depth] = fetch(x, i + depth);
    }
    for (int first = register_steps; step(first) < steps_; first += depth) {
#pragma unroll
      for (int j = 0; j < depth; ++j) {
        constexpr int offset = register_steps % depth;
        if (step(first + j) >= steps_) break;
        uint4 w[tiles];
#pragma unroll
        for (int tile = 0; tile < tiles; ++tile) w[tile] = in_shared(first + j, tile);
        add_product(c[j % sets], w, columns[(offset + j) % depth]);
        columns[(offset + j) % depth] = fetch(x, first + j + depth);
      }
    }
    store(c, parts);
  }

 private:
  __device__ static int warp() {
    return static_cast<int>(threadIdx.x) / 32;
  }
  __device__ static int lane() {
    return static_cast<int>(threadIdx.x) % 32;
  }
  __device__ static int step(int i) {
    return warp() + i * warps;
  }

  __device__ uint4& in_shared(int i, int tile) const {
    return shared_[(((i - register_steps) * warps + warp()) * tiles + tile) * 32 + lane()];
  }

  template <class Weight>
  __device__ uint4 fragment(int tile, int step, Weight&& weight) const {
    if (step >= steps_) return make_uint4(0, 0, 0, 0);
    const int a = tile * 16 + lane() / 4, k = step * 16 + lane() % 4 * 2;
    const auto pair = [&](int row, int column) {
      return std::uint32_t{weight(row, column).bits} | std::uint32_t{weight(row, column + 1).bits} << 16;
    };
    return make_uint4(pair(a, k), pair(a + 8, k), pair(a, k + 8), pair(a + 8, k + 8));
  }

  __device__ Columns fetch(const bf16* x, int i) const {
    if (step(i) < steps_) return __ldcg(reinterpret_cast<const Columns*>(x) + step(i) * 32 + lane());
    return {};
  }

  __device__ static void add_product(float (&c)[tiles][column_tiles][4], const uint4 (&w)[tiles],
                                     const Columns& columns) {
#pragma unroll
    for (int tile = 0; tile < tiles; ++tile) {
      device::mma_bf16(c[tile][0], {w[tile].x, w[tile].y, w[tile].z, w[tile].w}, {columns.x, columns.y});
      if constexpr (column_tiles == 2)
        device::mma_bf16(c[tile][1], {w[tile].x, w[tile].y, w[tile].z, w[tile].w}, {columns.z, columns.w});
    }
  }

  __device__ static void store(const float (&c)[sets][tiles][column_tiles][4], float* parts) {
    parts += warp() * A * R;
#pragma unroll
    for (int tile = 0; tile < tiles; ++tile)
#pragma unroll
      for (int column_tile = 0; column_tile < column_tiles; ++column_tile)
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          float2 y = make_float2(0, 0);
#pragma unroll
          for (int set = 0; set < sets; ++set) {
            y.x += c[set][tile][column_tile][half * 2];
            y.y += c[set][tile][column_tile][half * 2 + 1];
          }
          const int a = tile * 16 + half * 8 + lane() / 4, column = column_tile * 8 + lane() % 4 * 2;
          reinterpret_cast<float2&>(parts[Parts<A, R, warps>::place(a, column)]) = y;
        }
  }

  int steps_;
  uint4* shared_;  // [steps of a warp beyond the first][warps][tiles][32]
  uint4 w_[register_steps][tiles];
};

// In fp32: plain multiplications by weights in shared memory. A lane has 4 columns of X, and every 8th row of W or, if
// R is 8, every 16th.
template <int A, class Shape>
class Slice<float, A, Shape> {
  static constexpr int R = Shape::rows, warps = Shape::warps;
  static constexpr int a_lanes = 32 / (R / 4), a_count = A / a_lanes;
  static_assert(Shape::register_steps == 0 && A % a_lanes == 0);

 public:
  __host__ __device__ static constexpr std::size_t shared_bytes(int steps) {
    return sizeof(float) * step_width * A * static_cast<std::size_t>(steps);
  }
  static constexpr std::size_t scratch_bytes = 0;

  __device__ static int place(int k, int column) { return (k / 16 * R + column) * 16 + k % 16; }
  __device__ static float operand(float x) { return x; }

  template <class Weight>
  __device__ Slice(int steps, Weight&& weight) : steps_(steps), w_(device::dynamic_shared<float4>()) {
    for (int i = static_cast<int>(threadIdx.x); i < steps * 4 * A; i += Shape::threads) {
      const int a = i % A, k = i / A * 4;
      w_[i] = make_float4(weight(a, k), weight(a, k + 1), weight(a, k + 2), weight(a, k + 3));
    }
    __syncthreads();
  }

  __device__ void multiply(const float* x, float* parts) const {
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    const int a0 = lane % a_lanes, column0 = lane / a_lanes * 4;
    float c[a_count][4] = {};
    for (int step = warp; step < steps_; step += warps)
#pragma unroll
      for (int quarter = 0; quarter < 4; ++quarter) {
        float4 columns[4];
#pragma unroll
        for (int j = 0; j < 4; ++j)
          columns[j] = __ldcg(reinterpret_cast<const float4*>(x) + (step * R + column0 + j) * 4 + quarter);
#pragma unroll
        for (int i = 0; i < a_count; ++i) {
          const float4 w = w_[(step * 4 + quarter) * A + a0 + i * a_lanes];
#pragma unroll
          for (int j = 0; j < 4; ++j) {
            c[i][j] += w.x * columns[j].x;
            c[i][j] += w.y * columns[j].y;
            c[i][j] += w.z * columns[j].z;
            c[i][j] += w.w * columns[j].w;
          }
        }
      }
#pragma unroll
    for (int i = 0; i < a_count; ++i)
#pragma unroll
      for (int j = 0; j < 4; ++j)
        parts[warp * A * R + Parts<A, R, warps>::place(a0 + i * a_lanes, column0 + j)] = c[i][j];
  }

 private:
  int steps_;
  float4* w_;  // [K / 4][A], with four k in each
};

__global__ static void __launch_bounds__(128) clear_counters_kernel(unsigned* counters, int count) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) counters[i] = 0;
}

__device__ inline float sigmoid(float x) {
  return __fdividef(1.0f, 1.0f + __expf(-x));
}

}  // namespace persistent
}  // namespace musicgen::inline MUSICGEN_ABI::kernels
