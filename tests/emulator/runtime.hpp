// What tests may ask of the emulated device's runtime besides what every device has.
#pragma once

#include <cstddef>

namespace musicgen::emulator {

/// From now on cuda::allocate() gives no more than so many bytes than are in use now. SIZE_MAX: as many as the host
/// has.
void leave_memory(std::size_t bytes);
/// From now on it succeeds so many times. SIZE_MAX: always.
void leave_allocations(std::size_t count);

}  // namespace musicgen::emulator
