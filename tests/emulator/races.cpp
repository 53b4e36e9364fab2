// Kernels for ThreadSanitizer, which takes each of their threads for a thread: "races NAME" runs one of them. The
// correct ones must give no report, the others one each, whatever the schedule: what ran first does not matter to it.
#include <cstdio>
#include <string_view>
#include <vector>

#include "example.cuh"

using namespace musicgen;

namespace {

template <bool right>
__global__ void block_barrier(float* y) {
  MUSICGEN_SHARED(float, shared, [64]);
  for (int i = 0; i < 3; ++i) {
    shared[threadIdx.x] = 1;
    if constexpr (right) __syncthreads();
    y[blockIdx.x * 64 + threadIdx.x] = shared[63 - threadIdx.x];
    __syncthreads();
  }
}

// With one barrier per round, the reads race with the writes of the next round. Fast threads must not hide this by
// being ahead.
template <bool right>
__global__ void two_barriers(float* y) {
  float* shared = device::dynamic_shared<float>();
  for (int i = 0; i < 3; ++i) {
    shared[threadIdx.x] = 1;
    __syncthreads();
    y[threadIdx.x] = shared[63 - threadIdx.x];
    if constexpr (right) __syncthreads();
  }
}

template <bool right>
__global__ void warp_barrier(float* y) {
  MUSICGEN_SHARED(float, shared, [64]);
  shared[threadIdx.x] = 1;
  if constexpr (right) __syncwarp();
  y[threadIdx.x] = shared[threadIdx.x ^ 1];
}

// A shuffle makes lanes meet, but orders no memory.
template <bool right>
__global__ void after_shuffle(float* y) {
  MUSICGEN_SHARED(float, shared, [64]);
  shared[threadIdx.x] = device::warp_sum(1);
  const float sum = device::warp_sum(2);
  if constexpr (right) __syncwarp();
  y[threadIdx.x] = sum + shared[threadIdx.x ^ 1];
}

template <bool right>
__global__ void between_blocks(float* y) {
  if constexpr (right)
    atomicAdd(y, 1.0f);
  else if (threadIdx.x == 0)
    y[0] += 1;
}

template <bool right>
__global__ void grid_barrier(float* y, unsigned* counter) {
  device::GridBarrier barrier(counter, gridDim.x);
  y[blockIdx.x * 64 + threadIdx.x] = 1;
  barrier.arrive();
  if constexpr (right) barrier.wait();
  y[1000 + blockIdx.x * 64 + threadIdx.x] = y[(blockIdx.x + 1) % gridDim.x * 64 + threadIdx.x];
}

// What a barrier must do: without a release the data may come after the flag.
template <bool right>
__global__ void handed_over(float* y, unsigned* flag) {
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    y[0] = 1;
    if constexpr (right)
      device::store_release(flag, 1);
    else
      atomicExch(flag, 1u);
  }
  if (blockIdx.x == 1 && threadIdx.x == 0) {
    while (device::load_acquire(flag) == 0) {
    }
    y[1] = y[0];
  }
}

template <bool right>
__global__ void fenced(float* y, unsigned* flag) {
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    y[0] = 1;
    if constexpr (right) __threadfence();
    atomicExch(flag, 1u);
  }
  if (blockIdx.x == 1 && threadIdx.x == 0) {
    while (atomicAdd(flag, 0u) == 0) {
    }
    __threadfence();
    y[1] = y[0];
  }
}

// The copy of the next round begins while others still read.
template <bool right>
__global__ void copies(const float* x, float* y) {
  MUSICGEN_SHARED(float, shared, [64]);
  for (int i = 0; i < 2; ++i) {
    device::copy_async<4>(&shared[threadIdx.x], &x[threadIdx.x]);
    device::copy_async_commit();
    device::copy_async_wait<0>();
    __syncthreads();
    y[threadIdx.x] = shared[63 - threadIdx.x];
    if constexpr (right) __syncthreads();
  }
}

template <bool right>
__global__ void matrix_rows(float* y) {
  MUSICGEN_SHARED(std::uint32_t, shared, [32][4]);
  for (unsigned i = 0; i < 4; ++i) shared[i * 8 + threadIdx.x / 4][threadIdx.x % 4] = threadIdx.x;
  if constexpr (right) __syncwarp();
  std::uint32_t d[4];
  device::ldmatrix_x4(d, shared[threadIdx.x]);
  y[threadIdx.x] = static_cast<float>(d[0]);
}

std::vector<float> x(64), y(2000);
unsigned counter = 0;

template <bool right>
bool run(std::string_view name) {
  float* const out = y.data();
  if (name == "block_barrier")
    device::launch(block_barrier<right>, 3, 64, 0, nullptr, out);
  else if (name == "two_barriers")
    device::launch(two_barriers<right>, 1, 64, 256, nullptr, out);
  else if (name == "warp_barrier")
    device::launch(warp_barrier<right>, 1, 64, 0, nullptr, out);
  else if (name == "after_shuffle")
    device::launch(after_shuffle<right>, 1, 64, 0, nullptr, out);
  else if (name == "between_blocks")
    device::launch(between_blocks<right>, 3, 64, 0, nullptr, out);
  else if (name == "grid_barrier")
    device::launch_cooperative(grid_barrier<right>, 3, 64, 0, nullptr, out, &counter);
  else if (name == "handed_over")
    device::launch_cooperative(handed_over<right>, 2, 64, 0, nullptr, out, &counter);
  else if (name == "fenced")
    device::launch_cooperative(fenced<right>, 2, 64, 0, nullptr, out, &counter);
  else if (name == "copies")
    device::launch(copies<right>, 1, 64, 0, nullptr, x.data(), out);
  else if (name == "matrix_rows")
    device::launch(matrix_rows<right>, 1, 32, 0, nullptr, out);
  else
    return false;
  return true;
}

bool run_examples() {
  std::vector<device::bf16> A(40 * 32), B(32 * 16);
  std::vector<float> W(64 * 64), h(2 * 64);
  unsigned progress = 0;
  example::sum_rows(W.data(), 3, 500, y.data(), nullptr);
  example::product(A.data(), B.data(), y.data(), 40, 16, 32, nullptr);
  example::recurrence<64>(W.data(), h.data(), 3, &counter, &progress, nullptr);
  return progress == 3;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view name = count > 1 ? arguments[1] : "", kind = count > 2 ? arguments[2] : "";
  const bool known = name == "examples" ? run_examples() : kind == "right" ? run<true>(name) : run<false>(name);
  std::puts(known ? "has run" : "races NAME right|wrong");
  return known ? 0 : 2;
}
