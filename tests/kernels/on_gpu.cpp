// What the tests of kernels need of the machine: the GPU's half. Without a GPU the program says so and ends.
#include <cstdlib>
#include <iostream>
#include <musicgen/backend/cuda/memory.hpp>

#include "data_files.hpp"
#include "device.hpp"

namespace musicgen::test {

void under_all_schedules(const std::function<void()>& body) {
  body();
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
