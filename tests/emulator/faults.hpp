// How the emulator's tests check that a fault is found.
#pragma once

#include <kernels/device.cuh>

/// The number of schedules under which `run()` gives a wrong result or a report. A fault must be seen under at least
/// one.
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
