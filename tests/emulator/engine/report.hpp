// The texts of Faults. Each names the block, the threads and where in the kernel they are.
#pragma once

#include <string>

#include "grid.hpp"

namespace musicgen::emulator::report {

std::string shape(const Launch& launch);
std::string name(const Block& block);

/// "block (0, 0, 0): threads 0-31 wait at __syncthreads (loss.cuh:40); thread 32 has ended"
std::string where(const Block& block);

std::string here(const std::string& what);  // of the running thread
std::string divergence(const Thread& thread);
std::string ended_while_awaited(const Thread& thread);
std::string deadlock(const Grid& grid);
std::string spin(const Grid& grid, std::size_t turns);
std::string unwritten(const SharedArray& array, const void* address);
std::string bad_access(const Grid& grid, const void* address);

}  // namespace musicgen::emulator::report
