// What the tests of kernels need of the machine: the GPU's half. Without a GPU the program says so and ends. And the
// tests of those kernels that the backend does not call.
#include <cuda_runtime.h>

#include <cstdlib>
#include <iostream>
#include <kernels/check.hpp>
#include <musicgen/backend/cuda/cuda.hpp>

#include "data_files.hpp"
#include "grammar.cpp"
#include "machine.hpp"
#include "sampling.cpp"

static_assert(musicgen::Backend<musicgen::Cuda>);  // as nvcc reads concepts

namespace musicgen::test {

void under_all_schedules(const std::function<void()>& body) {
  body();
}

void* allocate_managed(std::size_t bytes) {
  void* memory = nullptr;
  cuda::check(cudaMallocManaged(&memory, bytes));
  return memory;
}
void release_managed(void* memory) noexcept {
  cudaFree(memory);
}

LittleMemory::LittleMemory(std::size_t bytes) {
  const cuda::Buffer<char> left(bytes);
  for (std::size_t part = std::size_t{1} << 36; part > 256;) try {
      taken_.emplace_back(cuda::allocate(part), part);
    } catch (const Error&) {
      part /= 2;
    }
}
LittleMemory::~LittleMemory() {
  for (const auto& [memory, bytes] : taken_) cuda::release(memory, bytes);
}

namespace {

[[maybe_unused]] const bool has_gpu = [] {
  if (const std::string reason = cuda::why_not_available(); !reason.empty()) {
    skip(reason);
    std::exit(0);
  }
  std::cout << cuda::device_name() << std::endl;
  return true;
}();

}  // namespace

}  // namespace musicgen::test

__global__ static void idle_kernel() {}

TEST_CASE("kernels: a launch that is refused names its place") {
  using namespace musicgen;
  CHECK_THROWS_WITH(device::launch(idle_kernel, 1, 2048, 0, cuda::launches()), Catch::Contains("on_gpu.cu:"));
  CHECK_THROWS_WITH(device::launch_cooperative(idle_kernel, 1 << 20, 32, 0, cuda::launches()),
                    Catch::Contains("on_gpu.cu:"));
  CHECK_NOTHROW(device::launch(idle_kernel, 1, 32, 0, cuda::launches()));
  CHECK_NOTHROW(cuda::synchronize());
}
