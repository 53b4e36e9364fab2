// How the emulator's tests say that a fault is found.
#pragma once

#include <kernels/device.cuh>

/// Under how many schedules `run()` does not give what it should, or is reported. A fault has to be seen under one.
template <class Run>
int schedules_that_fail(Run&& run) {
  int failed = 0;
  musicgen::emulator::under_all_schedules([&](auto) {
    try {
      if (!run()) ++failed;
    } catch (const musicgen::emulator::Fault&) {
      ++failed;
    }
  });
  return failed;
}
