// What kernels may use of the machine, beyond CUDA's own language. The only file that knows which machine that is: an
// NVIDIA GPU, or the tests' emulator, which runs the same kernels on a CPU. docs/cuda.md explains both.
#pragma once

#include <musicgen/core/config.hpp>

#ifdef __CUDACC__
#include "device_nvidia.cuh"
#else
#include <emulator/emulator.hpp>
#endif

#include <cstdint>

namespace musicgen::inline MUSICGEN_ABI::device {

inline constexpr int warp_size = 32;

// --- Numbers ---------------------------------------------------------------------------------------------------------

/// The upper half of a float.
struct bf16 {
  std::uint16_t bits;
};

__host__ __device__ inline float to_float(bf16 x) {
  return __builtin_bit_cast(float, std::uint32_t{x.bits} << 16);
}

/// To the nearest, ties to even.
__host__ __device__ inline bf16 to_bf16(float x) {
  return {round_to_bf16(x)};
}

/// Two neighbours, the one at the lower address first, as mma_bf16 needs them.
__host__ __device__ inline std::uint32_t pack_bf16(float first, float second) {
  return std::uint32_t{round_to_bf16(first)} | std::uint32_t{round_to_bf16(second)} << 16;
}

// --- Warps and grids -------------------------------------------------------------------------------------------------

/// The sum of the values of a warp's 32 lanes; each lane gets it.
__device__ inline float warp_sum(float value) {
  for (int step = warp_size / 2; step > 0; step /= 2) value += __shfl_xor_sync(~0u, value, step);
  return value;
}
__device__ inline float warp_max(float value) {
  for (int step = warp_size / 2; step > 0; step /= 2) value = fmaxf(value, __shfl_xor_sync(~0u, value, step));
  return value;
}

/// A barrier for several blocks of a cooperative launch. All of their threads must call the same functions in the same
/// order. What they have written before the barrier is visible after it, except through a cache that may be stale: read
/// it with __ldcg, not __ldg.
class GridBarrier {
 public:
  /// @param counter  0 when the first block starts; one for each set of blocks that wait for each other
  /// @param blocks   the number of blocks that take part
  __device__ GridBarrier(unsigned* counter, unsigned blocks) : counter_(counter), blocks_(blocks) {
    require_cooperative();
  }

  /// Announces that this block has arrived. Work done between this and wait() is overlapped with the waiting.
  __device__ void arrive() {
    __syncthreads();
    goal_ += blocks_;
    if (is_first_thread()) add_release(counter_, 1);
  }

  /// Waits until all blocks have arrived.
  __device__ void wait() {
    if (is_first_thread())
      while (static_cast<int>(load_acquire(counter_) - goal_) < 0) {  // the counter may wrap around
      }
    __syncthreads();
  }

  __device__ void arrive_and_wait() {
    arrive();
    wait();
  }

 private:
  __device__ static bool is_first_thread() { return threadIdx.x == 0 && threadIdx.y == 0 && threadIdx.z == 0; }

  unsigned* counter_;
  unsigned blocks_;
  unsigned goal_ = 0;
};

}  // namespace musicgen::inline MUSICGEN_ABI::device
