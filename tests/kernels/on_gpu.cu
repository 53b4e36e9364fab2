// What the tests of kernels need of the machine: the GPU's half. Without a GPU the program says so and ends. And the
// tests of sizes that an emulator is too slow for.
#define CATCH_CONFIG_EXTERNAL_INTERFACES  // listeners
#include <cuda_runtime.h>

#include <cstdlib>
#include <iostream>
#include <kernels/check.hpp>
#include <kernels/launch.hpp>
#include <musicgen/backend/cuda/cuda.hpp>

#include "data_files.hpp"
#include "full_size.cpp"
#include "machine.hpp"

static_assert(musicgen::Backend<musicgen::Cuda>);  // as nvcc reads concepts

namespace musicgen::test {

void under_all_schedules(const std::function<void()>& body) {
  body();
}

void with_little_memory(std::size_t bytes, const std::function<void()>& body) {
  std::vector<cuda::Buffer<char>> taken(1);
  taken[0].resize(bytes);
  for (std::size_t part = std::size_t{1} << 36; part > 256;) {
    try {
      taken.emplace_back(part);
    } catch (const Error&) {  // smaller ones may still fit
      part /= 2;
    }
  }
  taken[0] = cuda::Buffer<char>();
  body();
  taken.clear();
  // What the pool keeps is not there for graphs and kernels that are yet to be loaded.
  int device = 0;
  cudaMemPool_t pool{};
  cuda::synchronize();
  cuda::check(cudaGetDevice(&device));
  cuda::check(cudaDeviceGetDefaultMemPool(&pool, device));
  cuda::check(cudaMemPoolTrimTo(pool, 0));
}

std::size_t shared_bytes() {
  return device::limits().shared_bytes;
}

namespace {

struct NeedsGpu : Catch::TestEventListenerBase {
  using Catch::TestEventListenerBase::TestEventListenerBase;
  void testRunStarting(const Catch::TestRunInfo&) override {
    if (const std::string reason = cuda::why_not_available(); !reason.empty()) {
      skip(reason);
      std::exit(0);
    }
    std::cout << cuda::device_name() << std::endl;
  }
};
CATCH_REGISTER_LISTENER(NeedsGpu)

}  // namespace

}  // namespace musicgen::test

__global__ static void idle_kernel() {}

TEST_CASE("kernels: a launch that is refused names its place", "[refused]") {
  using namespace musicgen;
  CHECK_THROWS_WITH(device::launch(idle_kernel, 1, 2048, 0, cuda::launches()), Catch::Contains("on_gpu.cu:"));
  CHECK_THROWS_WITH(device::launch_cooperative(idle_kernel, 1 << 20, 32, 0, cuda::launches()),
                    Catch::Contains("on_gpu.cu:"));
  CHECK_NOTHROW(device::launch(idle_kernel, 1, 32, 0, cuda::launches()));
  CHECK_NOTHROW(cuda::synchronize());
}
