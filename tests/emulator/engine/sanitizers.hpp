// Notifies AddressSanitizer and ThreadSanitizer. Their functions are weak here, so that one engine serves programs with
// and without them. The engine itself is never instrumented for ThreadSanitizer, so that its bookkeeping, which all
// fibers share, is not taken for a race in a kernel.
//
// Programs with watched kernels (watched.cpp) are a further kind.
#pragma once

#include <cstddef>

extern "C" {
[[gnu::weak]] void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, std::size_t size);
[[gnu::weak]] void __sanitizer_finish_switch_fiber(void* fake_stack, const void** old_bottom, std::size_t* old_size);
[[gnu::weak]] void __asan_unpoison_memory_region(const volatile void* memory, std::size_t size);

[[gnu::weak]] void* __tsan_get_current_fiber();
[[gnu::weak]] void* __tsan_create_fiber(unsigned flags);
[[gnu::weak]] void __tsan_destroy_fiber(void* fiber);
[[gnu::weak]] void __tsan_switch_to_fiber(void* fiber, unsigned flags);
[[gnu::weak]] void __tsan_acquire(void* object);
[[gnu::weak]] void __tsan_release(void* object);
[[gnu::weak]] void __tsan_read_range(void* memory, std::size_t size);
[[gnu::weak]] void __tsan_write_range(void* memory, std::size_t size);
}

namespace musicgen::emulator {

[[gnu::weak]] void watch_read(const void* memory, std::size_t size);
[[gnu::weak]] void watch_write(const void* memory, std::size_t size);

inline bool under_address_sanitizer() {
  return __sanitizer_start_switch_fiber != nullptr;
}
inline bool under_thread_sanitizer() {
  return __tsan_create_fiber != nullptr;
}

inline bool kernels_are_watched() {
  return watch_read != nullptr;
}

/// What happened before a release of `object` happened before what follows a later acquire of it.
inline void acquire(void* object) {
  if (under_thread_sanitizer()) __tsan_acquire(object);
}
inline void release(void* object) {
  if (under_thread_sanitizer()) __tsan_release(object);
}

/// The engine reads or writes on behalf of the running thread.
inline void note_read(const void* memory, std::size_t size) {
  if (under_thread_sanitizer()) __tsan_read_range(const_cast<void*>(memory), size);
  if (kernels_are_watched()) watch_read(memory, size);
}
inline void note_write(void* memory, std::size_t size) {
  if (under_thread_sanitizer()) __tsan_write_range(memory, size);
  if (kernels_are_watched()) watch_write(memory, size);
}

}  // namespace musicgen::emulator
