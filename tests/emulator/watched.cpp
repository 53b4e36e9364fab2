// Watched kernels: compiled so that each memory access first calls a function of this file, which reports reads of
// shared memory that nobody has written since the block began. A program is watched if it links the CMake target
// musicgen_emulator_watched.
//
// The calls are those of -fsanitize=kernel-address, which is AddressSanitizer as used for Linux: without its library
// and its marks in memory. The caller may be a kernel, or standard library code that the host shares with kernels.
#include "engine/grid.hpp"
#include "engine/report.hpp"
#include "engine/sanitizers.hpp"

namespace musicgen::emulator {

namespace {

/// The running thread's array that is accessed, if any. An access that begins in an array and ends beyond it, or lies
/// in the rest of its pages, is outside.
SharedArray* accessed(const void* memory, std::size_t size) {
  if (current_thread == nullptr) return nullptr;
  SharedArray* const array = current_thread->block->shared.near(memory);
  if (array != nullptr && !array->holds(memory, size))
    grid->fail([&] {
      const bool begins_within = array->bytes_outside(memory) == 0;
      return report::bad_access(*grid, begins_within ? array->data() + array->size() : memory);
    });
  return array;
}

}  // namespace

void watch_read(const void* memory, std::size_t size) {
  const SharedArray* const array = accessed(memory, size);
  if (array == nullptr) return;
  const auto* const first = static_cast<const char*>(memory);
  for (const char* at = first; at < first + size; ++at)
    if (array->byte(at) != SharedArray::written) grid->fail([&] { return report::unwritten(*array, at); });
}

void watch_write(const void* memory, std::size_t size) {
  SharedArray* const array = accessed(memory, size);
  if (array != nullptr) array->note(memory, size, SharedArray::written);
}

}  // namespace musicgen::emulator

using musicgen::emulator::watch_read;
using musicgen::emulator::watch_write;

extern "C" {
// clang-format off
void __asan_load1_noabort(void* memory) { watch_read(memory, 1); }
void __asan_load2_noabort(void* memory) { watch_read(memory, 2); }
void __asan_load4_noabort(void* memory) { watch_read(memory, 4); }
void __asan_load8_noabort(void* memory) { watch_read(memory, 8); }
void __asan_load16_noabort(void* memory) { watch_read(memory, 16); }
void __asan_loadN_noabort(void* memory, std::size_t size) { watch_read(memory, size); }
void __asan_store1_noabort(void* memory) { watch_write(memory, 1); }
void __asan_store2_noabort(void* memory) { watch_write(memory, 2); }
void __asan_store4_noabort(void* memory) { watch_write(memory, 4); }
void __asan_store8_noabort(void* memory) { watch_write(memory, 8); }
void __asan_store16_noabort(void* memory) { watch_write(memory, 16); }
void __asan_storeN_noabort(void* memory, std::size_t size) { watch_write(memory, size); }
void __asan_handle_no_return() {}
void __asan_before_dynamic_init(const char*) {}
void __asan_after_dynamic_init() {}
// clang-format on
}
