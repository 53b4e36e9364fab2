// What the tests of kernels need of the machine: the emulator's half.
#include <catch2/catch.hpp>
#include <cstdint>
#include <emulator/emulator.hpp>
#include <emulator/global_memory.hpp>
#include <emulator/runtime.hpp>

#include "machine.hpp"

namespace musicgen::test {

void under_all_schedules(const std::function<void()>& body) {
  emulator::under_all_schedules([&](emulator::Schedule schedule) {
    INFO("schedule: " << schedule.name());
    body();
  });
}

void* allocate_managed(std::size_t bytes) {
  return emulator::allocate_global(bytes);
}
void release_managed(void* memory) noexcept {
  emulator::release_global(memory);
}

LittleMemory::LittleMemory(std::size_t bytes) {
  emulator::leave_memory(bytes);
}
LittleMemory::~LittleMemory() {
  emulator::leave_memory(SIZE_MAX);
}

}  // namespace musicgen::test
