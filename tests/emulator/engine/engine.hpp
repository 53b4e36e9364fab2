// The engine, as seen by kernels and launches. Every function in which a thread may wait takes the place of the call,
// for reports.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "../cuda_types.hpp"

namespace musicgen::emulator {

/// Like std::source_location, which clang 14 lacks.
struct Location {
  const char* file = "";
  int line = 0;

  static constexpr Location here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};

/// A fault of a kernel or its launch, and where the threads of a block were.
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Launch {
  dim3 grid, block;
  std::size_t shared_bytes = 0;
  bool cooperative = false;
};

/// Runs `kernel(arguments)` in as many threads as `launch` says, and returns when all have ended.
/// @throws Fault  also whatever the kernel itself throws
void run(const Launch& launch, void (*kernel)(const void*), const void* arguments);

// --- From within a kernel --------------------------------------------------------------------------------------------

struct Position {
  uint3 thread, block;
  dim3 block_size, grid_size;
  unsigned lane;
};
extern const Position* position;  // of the running thread

void block_barrier(Location at);
void warp_barrier(unsigned mask, Location at);

/// `value` of lane `source`; all bits set if that lane does not take part.
std::uint64_t exchange(const char* primitive, unsigned mask, std::uint64_t value, unsigned source, Location at);
/// One bit for each lane that takes part and for which `predicate` holds.
unsigned ballot(const char* primitive, unsigned mask, bool predicate, Location at);

void mma_bf16(float* c, const std::uint32_t* a, const std::uint32_t* b, Location at);
void ldmatrix_x4(std::uint32_t* d, const void* row, bool transposed, Location at);

/// Lets other threads run first, since what follows may depend on them.
void give_way(const char* primitive, Location at);
/// Something has changed that a thread may be waiting for in a loop.
void note_progress();
void fence();
/// @throws Fault  in a launch that is not cooperative: its blocks need not run at the same time
void require_cooperative(Location at);

void* dynamic_shared();
/// The block's array of that name. The address of the name identifies the declaration; other arrays may have equal
/// names.
void* static_shared(const char* name, std::size_t bytes);

/// Reads `used` bytes and writes `bytes`, the rest zero, when waited for; until then the destination is garbage.
void copy_async(void* shared, const void* global, unsigned bytes, unsigned used, Location at);
void commit_copies();
/// Performs the copies of all groups but the last `pending`.
void wait_for_copies(unsigned pending);

}  // namespace musicgen::emulator
