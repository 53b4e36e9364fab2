// Launches, barriers and schedules in the emulator, and kernels that would hang or be undefined on a GPU.
#include <array>
#include <catch.hpp>
#include <cmath>
#include <kernels/device.cuh>
#include <stdexcept>
#include <vector>

#include "example.cuh"
#include "faults.hpp"

namespace emulator_grid {

using namespace musicgen;
using Catch::Contains;
using emulator::Schedule;
using emulator::under_all_schedules;
using emulator::UseSchedule;

__global__ void nothing() {}

TEST_CASE("emulator: launches that a GPU refuses") {
  CHECK_NOTHROW(device::launch(nothing, 1, 1024, 0, nullptr));
  CHECK_THROWS_WITH(device::launch(nothing, 0, 32, 0, nullptr), Contains("is empty"));
  CHECK_THROWS_WITH(device::launch(nothing, 1, dim3(32, 0), 0, nullptr), Contains("is empty"));
  CHECK_THROWS_WITH(device::launch(nothing, 1, 1025, 0, nullptr), Contains("at most 1024 threads"));
  CHECK_THROWS_WITH(device::launch(nothing, 1, dim3(32, 33), 0, nullptr), Contains("at most 1024 threads"));
  CHECK_THROWS_WITH(device::launch(nothing, dim3(1, 65'536), 32, 0, nullptr), Contains("65535"));
  CHECK_THROWS_WITH(device::launch_cooperative(nothing, 133, 32, 200 * 1024, nullptr),
                    Contains("holds 132 such blocks"));
  CHECK_THROWS_WITH(device::launch_cooperative(nothing, 2 * 132 + 1, 1024, 0, nullptr),
                    Contains("holds 264 such blocks"));
}

template <bool with_wait>
__global__ void rotate(unsigned* counter, int steps, int* x, int* wrong) {
  device::GridBarrier barrier(counter, gridDim.x);
  for (int step = 1; step <= steps; ++step) {
    x[blockIdx.x * blockDim.x + threadIdx.x] = step;
    barrier.arrive();
    if constexpr (with_wait) barrier.wait();
    const unsigned other = (blockIdx.x + 1) % gridDim.x;
    if (x[other * blockDim.x + threadIdx.x] != step) ++*wrong;
    barrier.arrive_and_wait();
  }
}

TEST_CASE("emulator: blocks wait for each other, and a missing wait is caught") {
  const auto run = [](auto kernel) {
    std::vector<int> x(5 * 64);
    unsigned counter = 0;
    int wrong = 0;
    device::launch_cooperative(kernel, 5, 64, 0, nullptr, &counter, 4, x.data(), &wrong);
    return wrong == 0;
  };
  CHECK(schedules_that_fail([&] { return run(rotate<true>); }) == 0);
  CHECK(schedules_that_fail([&] { return run(rotate<false>); }) > 0);
}

TEST_CASE("emulator: blocks that wait for each other need a cooperative launch") {
  under_all_schedules([](auto) {
    unsigned counter = 0;
    int x[64], wrong = 0;
    CHECK_THROWS_WITH(device::launch(rotate<true>, 1, 64, 0, nullptr, &counter, 4, x, &wrong),
                      Contains("needs a cooperative launch"));
  });
}

TEST_CASE("emulator: a grid's barrier whose counter was not 0 is reported") {
  unsigned counter = 0u - 7u;  // from the launch before, say
  int x[3 * 32], wrong = 0;
  CHECK_THROWS_AS(device::launch_cooperative(rotate<true>, 3, 32, 0, nullptr, &counter, 4, x, &wrong), emulator::Fault);
}

TEST_CASE("emulator: the example of a recurrence in one launch") {
  constexpr int H = 64, T = 5;
  std::vector<float> W(H * H), h(2 * H);
  for (int i = 0; i < H * H; ++i) W[static_cast<std::size_t>(i)] = static_cast<float>((i * 37 + i / 7) % 19 - 9) / 40;
  for (std::size_t i = 0; i < H; ++i) h[i] = std::sin(static_cast<float>(i));
  std::vector<double> expected(h.begin(), h.begin() + H);
  for (int t = 0; t < T; ++t) {
    std::vector<double> next(H);
    for (std::size_t u = 0; u < H; ++u) {
      for (std::size_t k = 0; k < H; ++k) next[u] += double{W[u * H + k]} * expected[k];
      next[u] = std::tanh(next[u]);
    }
    expected = next;
  }
  under_all_schedules([&](auto) {
    std::vector<float> states = h;
    unsigned counter = 0, progress = 0;
    example::recurrence<H>(W.data(), states.data(), T, &counter, &progress, nullptr);
    CHECK(progress == T);
    for (std::size_t u = 0; u < H; ++u) CHECK(states[T % 2 * H + u] == Approx(expected[u]).margin(1e-4));
  });
}

// --- Kernels that would hang, or are undefined -----------------------------------------------------------------------

__global__ void barrier_of_some() {
  if (threadIdx.x < 40)
    __syncthreads();
  else
    __syncwarp();  // 8 lanes of this warp wait above
}

__global__ void barriers_apart() {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void shuffle_of_some(int* y) {
  if (threadIdx.x % 2 == 0)
    y[threadIdx.x] = __shfl_xor_sync(~0u, 1, 1);
  else
    __syncthreads();
}

__global__ void masks_apart(int* y) {
  y[threadIdx.x] = __shfl_xor_sync(threadIdx.x < 16 ? 0xFFFFu : ~0u, 1, 1);
}

__global__ void mask_without_itself(int* y) {
  y[threadIdx.x] = __any_sync(1u, 1);
}

__global__ void end_before_barrier() {
  if (threadIdx.x % 32 == 5) return;
  __syncthreads();
}

__global__ void end_before_shuffle(int* y) {
  if (threadIdx.x == 5) return;
  y[threadIdx.x] = __shfl_xor_sync(~0u, 1, 1);
}

TEST_CASE("emulator: a deadlock is reported, with who waits where") {
  under_all_schedules([](auto) {
    CHECK_THROWS_WITH(device::launch(barrier_of_some, 2, 64, 0, nullptr),
                      Contains("deadlock: no thread can run") &&
                          Contains("0-39 waiting at __syncthreads (emulator_grid.cpp:") &&
                          Contains("40-63 waiting at __syncwarp (emulator_grid.cpp:"));
  });
}

TEST_CASE("emulator: threads of one barrier at different places are reported") {
  under_all_schedules([](auto) {
    CHECK_THROWS_WITH(device::launch(barriers_apart, 1, 64, 0, nullptr),
                      Contains("divergence at __syncthreads (emulator_grid.cpp:"));
  });
}

TEST_CASE("emulator: lanes of one warp at different places are reported") {
  std::array<int, 64> y{};
  under_all_schedules([&](auto) {
    CHECK_THROWS_WITH(device::launch(shuffle_of_some, 1, 64, 0, nullptr, y.data()),
                      Contains("__shfl_xor_sync (emulator_grid.cpp:"));
    CHECK_THROWS_WITH(device::launch(masks_apart, 1, 32, 0, nullptr, y.data()),
                      Contains("divergence at __shfl_xor_sync"));
    CHECK_THROWS_WITH(device::launch(mask_without_itself, 1, 32, 0, nullptr, y.data()),
                      Contains("the mask leaves out the thread"));
  });
}

TEST_CASE("emulator: a thread that ends while others wait for it is reported") {
  std::array<int, 64> y{};
  under_all_schedules([&](auto) {
    CHECK_THROWS_WITH(device::launch(end_before_barrier, 1, 64, 0, nullptr),
                      Contains("ended") && Contains("__syncthreads"));
    CHECK_THROWS_WITH(device::launch(end_before_shuffle, 1, 32, 0, nullptr, y.data()),
                      Contains("ended") && Contains("__shfl_xor_sync"));
  });
}

__global__ void wait_for(const unsigned* flag) {
  if (threadIdx.x == 3)
    while (device::load_acquire(flag) == 0) {
    }
  __syncthreads();
}

__global__ void two_locks(int* locks) {
  int* first = &locks[blockIdx.x % 2];
  int* second = &locks[1 - blockIdx.x % 2];
  while (atomicCAS(first, 0, 1) != 0) {
  }
  while (atomicCAS(second, 0, 1) != 0) {
  }
  atomicExch(second, 0);
  atomicExch(first, 0);
}

TEST_CASE("emulator: a loop that waits for nothing is reported") {
  under_all_schedules([](auto) {
    const unsigned flag = 0;
    CHECK_THROWS_WITH(device::launch(wait_for, 2, 64, 0, nullptr, &flag),
                      Contains("endless loop") && Contains("3 repeating load_acquire (emulator_grid.cpp:"));
  });
  int locks[2] = {};
  CHECK_THROWS_WITH(device::launch(two_locks, 2, 1, 0, nullptr, locks), Contains("repeating atomicCAS"));
}

__global__ void throws_in(unsigned thread) {
  if (threadIdx.x == thread) throw std::out_of_range("from a kernel");
  __syncthreads();
}

__global__ void launches() {
  device::launch(nothing, 1, 1, 0, nullptr);
}

[[gnu::noinline]] int deep(int n) {
  volatile int frame[64];
  frame[n % 64] = n;
  return n == 0 ? 0 : deep(n - 1) + frame[n % 64];
}
__global__ void recurse(int* y) {
  *y = deep(1'000'000);
}

TEST_CASE("emulator: what a kernel throws reaches the host, and the next launch works") {
  CHECK_THROWS_WITH(device::launch(throws_in, 3, 64, 0, nullptr, 17u), "from a kernel");
  CHECK_NOTHROW(device::launch(throws_in, 3, 64, 0, nullptr, 64u));
  CHECK_THROWS_WITH(device::launch(launches, 1, 1, 0, nullptr), Contains("from within a kernel"));
  int y = 0;
  CHECK_THROWS_WITH(device::launch(recurse, 1, 1, 0, nullptr, &y),
                    Contains("stack overflow: block (0, 0, 0), thread 0"));
}

// --- Schedules -------------------------------------------------------------------------------------------------------

__global__ void note_order(unsigned* next, unsigned* order) {
  order[(*next)++] = blockIdx.x * blockDim.x + threadIdx.x;
  __syncthreads();
  order[(*next)++] = blockIdx.x * blockDim.x + threadIdx.x;
}

std::vector<unsigned> order_under(Schedule schedule) {
  const UseSchedule use(schedule);
  std::vector<unsigned> order(2 * 2 * 48);
  unsigned next = 0;
  device::launch_cooperative(note_order, 2, 48, 0, nullptr, &next, order.data());
  return order;
}

TEST_CASE("emulator: schedules differ, and repeat") {
  const auto in_turn = order_under({Schedule::in_turn});
  const auto last_first = order_under({Schedule::last_in_first_out});
  const auto shuffled = order_under({Schedule::shuffled, 1});
  CHECK(in_turn[0] == 0);
  CHECK(in_turn[1] == 1);
  CHECK(last_first[0] == 95);
  CHECK(last_first[1] == 94);
  CHECK(shuffled != in_turn);
  CHECK(shuffled != order_under({Schedule::shuffled, 2}));
  CHECK(shuffled == order_under({Schedule::shuffled, 1}));
}

TEST_CASE("emulator: as many threads as a GPU holds") {
  std::vector<int> x(132 * 416);
  unsigned counter = 0;
  int wrong = 0;
  device::launch_cooperative(rotate<true>, 132, 416, 0, nullptr, &counter, 3, x.data(), &wrong);
  CHECK(wrong == 0);
}

}  // namespace emulator_grid
