// CUDA's language in the emulator: where a thread is, what a warp exchanges, atomics, numbers.
#include <catch.hpp>
#include <cmath>
#include <cstdint>
#include <kernels/device.cuh>
#include <limits>
#include <random>
#include <vector>

#include "example.cuh"

namespace emulator_language {

using namespace musicgen;
using emulator::under_all_schedules;

__global__ void store_position(int* seen) {
  const dim3 b = blockDim, g = gridDim;
  const unsigned thread = threadIdx.x + b.x * (threadIdx.y + b.y * threadIdx.z);
  const unsigned block = blockIdx.x + g.x * (blockIdx.y + g.y * blockIdx.z);
  ++seen[block * b.x * b.y * b.z + thread];
}

TEST_CASE("emulator: every thread of every block runs once") {
  under_all_schedules([](auto) {
    std::vector<int> seen(3 * 4 * 5 * 2 * 3 * 7);
    device::launch(store_position, dim3(3, 4, 5), dim3(2, 3, 7), 0, nullptr, seen.data());
    CHECK(seen == std::vector<int>(seen.size(), 1));
  });
}

template <int width>
__global__ void shuffles(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  int* own = out + lane * 4;
  own[0] = __shfl_sync(~0u, lane * 10, lane + 5, width);
  own[1] = __shfl_up_sync(~0u, lane * 10, 3, width);
  own[2] = __shfl_down_sync(~0u, lane * 10, 3, width);
  own[3] = __shfl_xor_sync(~0u, lane * 10, 6, width);
}

template <int width>
void check_shuffles() {
  int out[32][4];
  device::launch(shuffles<width>, 1, 32, 0, nullptr, out[0]);
  for (int lane = 0; lane < 32; ++lane) {
    const int first = lane / width * width, end = first + width;
    CHECK(out[lane][0] == 10 * (first + (lane + 5) % width));
    CHECK(out[lane][1] == 10 * (lane - 3 < first ? lane : lane - 3));
    CHECK(out[lane][2] == 10 * (lane + 3 >= end ? lane : lane + 3));
    CHECK(out[lane][3] == 10 * ((lane ^ 6) >= end ? lane : lane ^ 6));
  }
}

TEST_CASE("emulator: shuffles reach the lanes that CUDA says") {
  under_all_schedules([](auto) {
    check_shuffles<32>();
    check_shuffles<8>();
    check_shuffles<4>();
  });
}

__global__ void odd_lanes_only(double* sums, unsigned* votes) {
  const unsigned lane = threadIdx.x % 32;
  if (lane % 2 == 0) return;
  constexpr unsigned odd = 0xAAAA'AAAA;
  const auto value = static_cast<double>(lane);
  sums[threadIdx.x] = value + __shfl_sync(odd, value, 31);
  const bool any = __any_sync(odd, lane == 5) != 0, all = __all_sync(odd, lane == 5) != 0;
  votes[threadIdx.x] = __ballot_sync(odd, lane > 16) + (any ? 1 : 0) + (all ? 2 : 0);
}

TEST_CASE("emulator: some lanes of a warp can exchange without the others") {
  under_all_schedules([](auto) {
    std::vector<double> sums(64);
    std::vector<unsigned> votes(64);
    device::launch(odd_lanes_only, 1, 64, 0, nullptr, sums.data(), votes.data());
    for (unsigned i = 0; i < 64; ++i) {
      CHECK(sums[i] == (i % 2 == 0 ? 0 : i % 32 + 31));
      CHECK(votes[i] == (i % 2 == 0 ? 0 : 0xAAAA'0001));
    }
  });
}

__global__ void sum_of_a_part(float* y) {
  y[threadIdx.x] = device::warp_sum(1.0f);
}

TEST_CASE("emulator: lanes that do not exist give NaN, lanes that do exchange") {
  under_all_schedules([](auto) {
    std::vector<float> y(40);
    device::launch(sum_of_a_part, 1, 40, 0, nullptr, y.data());
    CHECK(y[0] == 32);
    CHECK(y[31] == 32);
    CHECK(std::isnan(y[32]));  // the second warp has 8 lanes, and a kernel that sums 32 is wrong
  });
}

__global__ void count(int* ints, unsigned* largest, float* sum, unsigned long long* wide, int* lock, int* guarded) {
  atomicAdd(&ints[threadIdx.x % 7], 1);
  atomicMax(largest, threadIdx.x * blockIdx.x);
  atomicMin(&ints[7], -static_cast<int>(threadIdx.x));
  atomicAdd(sum, 0.5f);
  atomicAdd(wide, 1ull << 40);
  while (atomicCAS(lock, 0, 1) != 0) {
  }
  ++*guarded;
  __threadfence();
  atomicExch(lock, 0);
}

TEST_CASE("emulator: atomics, and a lock made of them") {
  under_all_schedules([](auto) {
    int ints[8] = {}, lock = 0, guarded = 0;
    unsigned largest = 0;
    float sum = 0;
    unsigned long long wide = 0;
    device::launch(count, 3, 70, 0, nullptr, ints, &largest, &sum, &wide, &lock, &guarded);
    for (int i = 0; i < 7; ++i) CHECK(ints[i] == 30);
    CHECK(ints[7] == -69);
    CHECK(largest == 2 * 69);
    CHECK(sum == 105);
    CHECK(wide == 210ull << 40);
    CHECK(guarded == 210);
  });
}

__global__ void functions(float* y) {
  y[0] = __expf(1.0f);
  y[1] = rsqrtf(4.0f);
  y[2] = __logf(2.0f);
  y[3] = __uint_as_float(0x4000'0000);
  y[4] = static_cast<float>(__popc(0xF0F0u) + __clz(1) + __ffs(8) + max(3, min(4, 9)));
  const float4 four = make_float4(1, 2, 3, 4);
  y[5] = four.x + four.y + four.z + four.w;
}

TEST_CASE("emulator: functions and small types of CUDA") {
  float y[6];
  device::launch(functions, 1, 1, 0, nullptr, y);
  CHECK(y[0] == Approx(2.718281828));
  CHECK(y[1] == 0.5f);
  CHECK(y[2] == Approx(0.69314718));
  CHECK(y[3] == 2.0f);
  CHECK(y[4] == 8 + 31 + 4 + 4);
  CHECK(y[5] == 10);
  CHECK(alignof(float4) == 16);
  CHECK(alignof(uint2) == 8);
}

TEST_CASE("emulator: bf16 is the nearest, ties to even") {
  using device::to_bf16;
  using device::to_float;
  CHECK(to_bf16(1.0f).bits == 0x3F80);
  CHECK(to_bf16(1.0f + 1.0f / 256).bits == 0x3F80);  // half way: down to even
  CHECK(to_bf16(1.0f + 3.0f / 256).bits == 0x3F82);  // half way: up to even
  CHECK(to_bf16(1.0f + 1.1f / 256).bits == 0x3F81);
  CHECK(to_bf16(-0.0f).bits == 0x8000);
  CHECK(to_bf16(std::numeric_limits<float>::max()).bits == 0x7F80);
  CHECK(to_bf16(-std::numeric_limits<float>::infinity()).bits == 0xFF80);
  CHECK(std::isnan(to_float(to_bf16(std::numeric_limits<float>::quiet_NaN()))));
  CHECK(device::pack_bf16(1.0f, -2.0f) == 0xC000'3F80);
  for (unsigned bits = 0; bits < 0x7F80; ++bits)
    REQUIRE(to_bf16(to_float({static_cast<std::uint16_t>(bits)})).bits == bits);
}

TEST_CASE("emulator: the example of a sum, with static shared memory") {
  under_all_schedules([](auto) {
    std::vector<float> x(5 * 1000), y(5);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i / 1000);
    example::sum_rows(x.data(), 5, 1000, y.data(), nullptr);
    CHECK(y == std::vector<float>{0, 1000, 2000, 3000, 4000});
  });
}

}  // namespace emulator_language
