// What the emulated device's runtime offers to tests beyond that of any device.
#pragma once

#include <cstddef>

namespace musicgen::emulator {

/// From now on cuda::allocate() gives at most `bytes` more than are in use now. SIZE_MAX: as many as the host has.
void leave_memory(std::size_t bytes);
/// From now on it succeeds this many times. SIZE_MAX: always.
void leave_allocations(std::size_t count);

}  // namespace musicgen::emulator
