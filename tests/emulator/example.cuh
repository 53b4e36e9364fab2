// Three kernels that together use all that kernels/device.cuh offers. They are compiled by nvcc, and run by the
// emulator's tests.
#pragma once

#include <kernels/device.cuh>

namespace musicgen::example {

using device::bf16;

/// y (N) = the sums of the rows of x (N, n). A block owns a row.
__global__ static void __launch_bounds__(128) sum_rows_kernel(const float* x, int n, float* y) {
  MUSICGEN_SHARED(float, parts, [4]);
  const unsigned warp = threadIdx.x / device::warp_size, lane = threadIdx.x % device::warp_size;
  float sum = 0;
  for (unsigned i = threadIdx.x; i < static_cast<unsigned>(n); i += blockDim.x)
    sum += __ldg(&x[blockIdx.x * static_cast<unsigned>(n) + i]);
  sum = device::warp_sum(sum);
  if (lane == 0) parts[warp] = sum;
  __syncthreads();
  if (threadIdx.x == 0) y[blockIdx.x] = parts[0] + parts[1] + parts[2] + parts[3];
}

inline void sum_rows(const float* x, int N, int n, float* y, device::Stream stream) {
  device::launch(sum_rows_kernel, static_cast<unsigned>(N), 128, 0, stream, x, n, y);
}

/// C (M, N) = A (M, K) B (K, N), N and K multiples of 16. A warp owns 16 rows and columns of C, and copies the next
/// tiles of A and B while it multiplies the last ones.
__global__ static void __launch_bounds__(32)
    product_kernel(const bf16* A, const bf16* B, float* C, int M, int N, int K) {
  struct Tile {
    bf16 x[16][24];  // 8 more than needed, so that the 8 rows ldmatrix reads at a time lie in different banks
  };
  Tile* a = device::dynamic_shared<Tile>();  // [2]
  Tile* b = a + 2;                           // [2]
  const int lane = static_cast<int>(threadIdx.x);
  const int row0 = static_cast<int>(blockIdx.y) * 16, column0 = static_cast<int>(blockIdx.x) * 16;

  const auto copy = [&](int k0) {
    const int stage = k0 / 16 % 2, row = lane / 2, column = lane % 2 * 8;
    const bool inside = row0 + row < M;
    device::copy_async_or_zero<16>(&a[stage].x[row][column], inside ? &A[(row0 + row) * K + k0 + column] : A, inside);
    device::copy_async<16>(&b[stage].x[row][column], &B[(k0 + row) * N + column0 + column]);
  };

  float c[2][4] = {};
  copy(0);
  device::copy_async_commit();
  for (int k0 = 0; k0 < K; k0 += 16) {
    if (k0 + 16 < K) copy(k0 + 16);
    device::copy_async_commit();  // one group each time, empty at last, so that waiting for all but one is always right
    device::copy_async_wait<1>();
    __syncwarp();
    const int stage = k0 / 16 % 2, row = lane % 16, column = lane / 16 * 8;
    std::uint32_t fragment_a[4], fragment_b[4];
    device::ldmatrix_x4(fragment_a, &a[stage].x[row][column]);
    device::ldmatrix_x4_trans(fragment_b, &b[stage].x[row][column]);
    device::mma_bf16(c[0], fragment_a, {fragment_b[0], fragment_b[1]});
    device::mma_bf16(c[1], fragment_a, {fragment_b[2], fragment_b[3]});
    __syncwarp();  // before others overwrite what was read
  }
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const int row = row0 + lane / 4 + i % 4 / 2 * 8, column = column0 + i / 4 * 8 + lane % 4 * 2 + i % 2;
    if (row < M) C[row * N + column] = c[i / 4][i % 4];
  }
}

inline void product(const bf16* A, const bf16* B, float* C, int M, int N, int K, device::Stream stream) {
  const dim3 grid(static_cast<unsigned>(N) / 16, static_cast<unsigned>(M + 15) / 16);
  constexpr std::size_t shared = 4 * 16 * 24 * sizeof(bf16);
  device::launch(product_kernel, grid, 32, shared, stream, A, B, C, M, N, K);
}

/// h_t (H) = tanh(W h_{t-1}), T times in one launch, W (H, H). A warp owns an element of h, and keeps its row of W.
/// @param h         (2, H), h_0 in the first row; h_T ends up in row T % 2
/// @param counter   0
/// @param progress  out, (1): the number of steps done, for observers
template <int H>
__global__ void __launch_bounds__(128)
    recurrence_kernel(const float* W, float* h, int T, unsigned* counter, unsigned* progress) {
  const unsigned lane = threadIdx.x % 32, unit = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
  float w[H / 32];
#pragma unroll
  for (unsigned i = 0; i < H / 32; ++i) w[i] = unit < H ? W[unit * H + i * 32 + lane] : 0.0f;
  device::GridBarrier barrier(counter, gridDim.x);
  for (int t = 0; t < T; ++t) {
    const float* before = h + t % 2 * H;
    float sum = 0;
#pragma unroll
    for (unsigned i = 0; i < H / 32; ++i) sum += w[i] * __ldcg(&before[i * 32 + lane]);
    sum = device::warp_sum(sum);
    if (lane == 0 && unit < H) h[(t + 1) % 2 * H + static_cast<int>(unit)] = tanhf(sum);
    barrier.arrive_and_wait();
    if (unit == 0 && lane == 0) device::store_release(progress, static_cast<unsigned>(t) + 1);
  }
}

template <int H>
void recurrence(const float* W, float* h, int T, unsigned* counter, unsigned* progress, device::Stream stream) {
  static_assert(H % 32 == 0);
  device::launch_cooperative(recurrence_kernel<H>, (H + 3) / 4, 128, 0, stream, W, h, T, counter, progress);
}

}  // namespace musicgen::example
