// What the tests of kernels need of the machine: the emulator's half.
#include <catch.hpp>
#include <cstdint>
#include <emulator/emulator.hpp>
#include <emulator/runtime.hpp>
#include <kernels/device.cuh>

#include "machine.hpp"

namespace musicgen::test {

void under_all_schedules(const std::function<void()>& body) {
  emulator::under_all_schedules([&](emulator::Schedule schedule) {
    INFO("schedule: " << schedule.name());
    body();
  });
}

void with_little_memory(std::size_t bytes, const std::function<void()>& body) {
  const struct Enough {
    ~Enough() { emulator::leave_memory(SIZE_MAX); }
  } afterwards;
  emulator::leave_memory(bytes);
  body();
}

std::size_t shared_bytes() {
  return device::limits().shared_bytes;
}

}  // namespace musicgen::test
