// Shared memory and asynchronous copies in the emulator, and kernels that use them wrongly.
#include <algorithm>
#include <catch.hpp>
#include <cmath>
#include <emulator/global_memory.hpp>
#include <kernels/device.cuh>
#include <numeric>
#include <vector>

#include "faults.hpp"

namespace emulator_memory {

using namespace musicgen;
using Catch::Contains;
using emulator::Fault;
using emulator::under_all_schedules;

template <bool with_barrier>
__global__ void reverse(const float* x, float* y) {
  float* shared = device::dynamic_shared<float>();
  shared[threadIdx.x] = x[threadIdx.x];
  if constexpr (with_barrier) __syncthreads();
  y[threadIdx.x] = shared[blockDim.x - 1 - threadIdx.x];
}

TEST_CASE("emulator: a missing __syncthreads is caught") {
  std::vector<float> x(96), y(96), reversed(96);
  std::iota(x.begin(), x.end(), 1.0f);
  std::reverse_copy(x.begin(), x.end(), reversed.begin());
  const auto run = [&](auto kernel) {
    device::launch(kernel, 3, 96, 96 * sizeof(float), nullptr, x.data(), y.data());
    return y == reversed;
  };
  CHECK(schedules_that_fail([&] { return run(reverse<true>); }) == 0);
  CHECK(schedules_that_fail([&] { return run(reverse<false>); }) > 0);
}

// The reads of one round race with the writes of the next, but only if the second barrier is missing.
template <bool with_second_barrier>
__global__ void rounds(int* wrong) {
  MUSICGEN_SHARED(int, shared, [64]);
  for (int round = 0; round < 10; ++round) {
    shared[threadIdx.x] = round;
    __syncthreads();
    if (shared[63 - threadIdx.x] != round) ++*wrong;
    if constexpr (with_second_barrier) __syncthreads();
  }
}

TEST_CASE("emulator: a missing __syncthreads between reading and overwriting is caught") {
  int wrong = 0;
  const auto run = [&](auto kernel) {
    wrong = 0;
    device::launch(kernel, 1, 64, 0, nullptr, &wrong);
    return wrong == 0;
  };
  CHECK(schedules_that_fail([&] { return run(rounds<true>); }) == 0);
  CHECK(schedules_that_fail([&] { return run(rounds<false>); }) > 0);
}

template <bool with_barrier>
__global__ void neighbour(int* wrong) {
  MUSICGEN_SHARED(int, shared, [32]);
  for (int round = 0; round < 4; ++round) {
    shared[threadIdx.x] = round;
    if constexpr (with_barrier) __syncwarp();
    if (shared[threadIdx.x ^ 1] != round) ++*wrong;
    if constexpr (with_barrier) __syncwarp();
  }
}

TEST_CASE("emulator: a missing __syncwarp is caught") {
  int wrong = 0;
  const auto run = [&](auto kernel) {
    wrong = 0;
    device::launch(kernel, 1, 32, 0, nullptr, &wrong);
    return wrong == 0;
  };
  CHECK(schedules_that_fail([&] { return run(neighbour<true>); }) == 0);
  CHECK(schedules_that_fail([&] { return run(neighbour<false>); }) > 0);
}

__global__ void sum_of_uninitialised(float* y) {
  MUSICGEN_SHARED(float, shared, [64]);
  if (threadIdx.x != 7) shared[threadIdx.x] = 1;
  __syncthreads();
  float sum = 0;
  for (unsigned i = 0; i < 64; ++i) sum += shared[i];
  y[blockIdx.x * 64 + threadIdx.x] = sum;
}

TEST_CASE("emulator: what was never written to shared memory is NaN, in every block") {
  under_all_schedules([](auto) {
    std::vector<float> y(64 * 5);
    device::launch(sum_of_uninitialised, 5, 64, 0, nullptr, y.data());
    for (const float sum : y) CHECK(std::isnan(sum));
  });
}

template <int N>
__global__ void arrays_of_instances(float* y) {
  MUSICGEN_SHARED(float, first, [N][4]);
  MUSICGEN_SHARED(int, second, [N]);
  static_assert(sizeof first == N * 16 && sizeof second == N * 4);
  if (threadIdx.x == 0) first[N - 1][3] = N;
  second[threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncthreads();
  y[threadIdx.x] = first[N - 1][3] + static_cast<float>(second[N - 1]);
}

TEST_CASE("emulator: static arrays keep apart") {
  under_all_schedules([](auto) {
    std::vector<float> y(40);
    device::launch(arrays_of_instances<40>, 2, 40, 0, nullptr, y.data());
    CHECK(y == std::vector<float>(40, 79));
    device::launch(arrays_of_instances<33>, 2, 33, 0, nullptr, y.data());
    CHECK(y[0] == 65);
  });
}

__global__ void write_dynamic_at(int i) {
  device::dynamic_shared<float>()[i] = 1;
}
__global__ void write_global(float* y) {
  *y = 1;
}

__global__ void read_at(int i, float* y) {
  MUSICGEN_SHARED(float, shared, [8]);
  const float* elements = shared;  // UndefinedBehaviorSanitizer does not know their number
  *y = elements[i];
}

TEST_CASE("emulator: leaving shared memory is reported") {
  under_all_schedules([](auto) {
    const auto write = [](int i) { device::launch(write_dynamic_at, 2, 32, 1000, nullptr, i); };
    write(0);
    write(249);
    CHECK_THROWS_WITH(write(252), Contains("access outside of shared memory: block") &&
                                      Contains("8 bytes after the end of dynamic shared memory of 1000 bytes"));
    CHECK_THROWS_WITH(write(300), Contains("200 bytes after the end of dynamic shared memory"));
    CHECK_THROWS_WITH(write(-1000), Contains("4000 bytes before the start of dynamic shared memory"));
    CHECK_THROWS_WITH(write(250),
                      Contains("just outside of dynamic shared memory"));  // up to 16 bytes: found when the block ends
    CHECK_THROWS_WITH(write(-1), Contains("just outside of dynamic shared memory"));
    float y = 0;
    CHECK_THROWS_WITH(device::launch(read_at, 1, 32, 0, nullptr, 8, &y),
                      Contains("0 bytes after the end of shared array \"shared\" of 32 bytes"));
    CHECK_THROWS_WITH(device::launch(write_dynamic_at, 1, 32, 0, nullptr, 0),
                      Contains("dynamic shared memory of 0 bytes"));
  });
}

TEST_CASE("emulator: an access to where nothing is ends the launch") {
  CHECK_THROWS_WITH(device::launch(write_global, 1, 32, 0, nullptr, reinterpret_cast<float*>(64)),
                    Contains("invalid access: block (0, 0, 0), thread 0"));
}

template <int N>
__global__ void large_array() {
  MUSICGEN_SHARED(float, shared, [N]);
  shared[threadIdx.x] = 1;
}

TEST_CASE("emulator: shared memory is limited as on an H100") {
  device::launch(large_array<12 * 1024>, 1, 32, 0, nullptr);
  CHECK_THROWS_WITH(device::launch(large_array<12 * 1024 + 1>, 1, 32, 0, nullptr), Contains("48 KiB of static"));
  CHECK_THROWS_WITH(device::launch(large_array<1024>, 1, 32, 224 * 1024, nullptr), Contains("227 KiB in all"));
  device::launch(write_dynamic_at, 1, 32, 227 * 1024, nullptr, 0);
  CHECK_THROWS_WITH(device::launch(write_dynamic_at, 1, 32, 227 * 1024 + 1, nullptr, 0), Contains("at most 232448"));
}

enum class Copying { right, no_wait, late_wait, no_barrier_before };

template <Copying how>
__global__ void copied(const int* x, int n, int* y) {
  MUSICGEN_SHARED(int, shared, [2][4 * 32]);
  const unsigned own = threadIdx.x * 4;
  const auto copy = [&](int i) {
    device::copy_async<16>(&shared[i % 2][own], &x[static_cast<unsigned>(i) * 128 + own]);
    device::copy_async_commit();
  };
  copy(0);
  for (int i = 0; i < n; ++i) {
    if (i + 1 < n)
      copy(i + 1);
    else
      device::copy_async_commit();
    if constexpr (how == Copying::late_wait)
      device::copy_async_wait<2>();
    else if constexpr (how != Copying::no_wait)
      device::copy_async_wait<1>();
    __syncthreads();
    for (unsigned j = 0; j < 4; ++j) y[own + j] += shared[i % 2][127 - own - j];
    if constexpr (how != Copying::no_barrier_before) __syncthreads();
  }
}

TEST_CASE("emulator: asynchronous copies are there after their wait, and not before") {
  const int n = 5;
  std::vector<int> x(128 * n), y(128), expected(128);
  std::iota(x.begin(), x.end(), 1);
  for (std::size_t i = 0; i < x.size(); ++i) expected[127 - i % 128] += x[i];
  const auto run = [&](auto kernel) {
    y.assign(128, 0);
    device::launch(kernel, 1, 32, 0, nullptr, x.data(), n, y.data());
    return y == expected;
  };
  CHECK(schedules_that_fail([&] { return run(copied<Copying::right>); }) == 0);
  CHECK(schedules_that_fail([&] { return run(copied<Copying::no_wait>); }) > 0);
  CHECK(schedules_that_fail([&] { return run(copied<Copying::late_wait>); }) > 0);
  CHECK(schedules_that_fail([&] { return run(copied<Copying::no_barrier_before>); }) > 0);
}

__global__ void copy_sizes(const char* x, char* y, bool inside) {
  MUSICGEN_SHARED(char, shared, [64]);
  device::copy_async<4>(shared, x);
  device::copy_async<8>(shared + 8, x + 8);
  device::copy_async_or_zero<16>(shared + 16, x + 16, inside);
  device::copy_async_commit();
  device::copy_async_wait<0>();
  for (int i = 0; i < 32; ++i) y[i] = shared[i];
}

TEST_CASE("emulator: asynchronous copies of each size, and of zeros") {
  alignas(16) char x[32], y[32];
  std::iota(x, x + 32, char{1});
  device::launch(copy_sizes, 1, 1, 0, nullptr, x, y, true);
  for (const int i : {0, 3, 8, 15, 16, 31}) CHECK(y[i] == i + 1);
  for (const int i : {4, 7}) CHECK(y[i] == static_cast<char>(0xFF));
  device::launch(copy_sizes, 1, 1, 0, nullptr, x, y, false);
  for (const int i : {16, 31}) CHECK(y[i] == 0);
  CHECK_THROWS_WITH(device::launch(copy_sizes, 1, 1, 0, nullptr, x + 2, y, true), Contains("not aligned"));
}

__global__ void copy_to(char* to, const char* x) {
  device::copy_async<16>(to, x);
}

TEST_CASE("emulator: asynchronous copies lead into shared memory") {
  alignas(16) char x[16], y[16];
  CHECK_THROWS_WITH(device::launch(copy_to, 1, 1, 0, nullptr, y, x), Contains("does not lead into"));
}

__global__ void double_up_to(float* x, int n) {
  for (int i = static_cast<int>(threadIdx.x); i < n; i += 32) x[i] *= 2;
}

TEST_CASE("emulator: an access past the end of global memory is caught") {
  for (const std::size_t count : {4u, 1000u, 1024u, 5000u}) {
    CAPTURE(count);
    emulator::Global<float> x(count, 1.0f);
    const auto run = [&](std::size_t n) {
      device::launch(double_up_to, 1, 32, 0, nullptr, x.data(), static_cast<int>(n));
    };
    CHECK_NOTHROW(run(count));
    CHECK(std::count(x.begin(), x.end(), 2.0f) == static_cast<std::ptrdiff_t>(count));
    CHECK_THROWS_WITH(run(count + 1), Contains("nothing is at address"));
  }
}

TEST_CASE("emulator: global memory holds NaN until it is written") {
  auto* x = static_cast<float*>(emulator::allocate_global(5 * sizeof(float)));
  CHECK(std::all_of(x, x + 5, [](float value) { return std::isnan(value); }));
  emulator::release_global(x);
  emulator::release_global(emulator::allocate_global(0));
}

}  // namespace emulator_memory
