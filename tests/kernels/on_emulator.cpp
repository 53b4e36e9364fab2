// What the tests of kernels need of the machine: the emulator's half.
#include <emulator/emulator.hpp>

#include "device.hpp"

namespace musicgen::test {

void under_all_schedules(const std::function<void()>& body) {
  emulator::under_all_schedules([&](emulator::Schedule schedule) {
    INFO("schedule: " << schedule.name());
    body();
  });
}

}  // namespace musicgen::test
