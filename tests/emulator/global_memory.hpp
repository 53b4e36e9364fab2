// The emulated device's memory. There are protected pages around each allocation: an access past its end is a Fault.
#pragma once

#include <cstddef>
#include <vector>

namespace musicgen::emulator {

/// Read as floats it holds NaN; aligned to 16 bytes. An access to the up to 15 bytes between the end and the page is
/// not noticed.
/// @throws std::bad_alloc
void* allocate_global(std::size_t bytes);
void release_global(void* memory) noexcept;

template <class T>
struct GlobalAllocator {
  using value_type = T;

  GlobalAllocator() = default;
  template <class U>
  explicit GlobalAllocator(const GlobalAllocator<U>&) {}

  T* allocate(std::size_t count) { return static_cast<T*>(allocate_global(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t) { release_global(memory); }
  bool operator==(const GlobalAllocator&) const = default;
};

/// An array for kernels to work on.
template <class T>
using Global = std::vector<T, GlobalAllocator<T>>;

}  // namespace musicgen::emulator
