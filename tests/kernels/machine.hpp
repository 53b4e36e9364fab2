// What tests of kernels need of the machine: on_emulator.cpp and on_gpu.cu are the two there are.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace musicgen::test {

/// The body once under each schedule of the emulator; once on a GPU.
void under_all_schedules(const std::function<void()>& body);

/// Memory that kernels and the host share; the host's turn is after cuda::synchronize().
void* allocate_managed(std::size_t bytes);
void release_managed(void* memory) noexcept;

template <class T>
struct ManagedAllocator {
  using value_type = T;

  ManagedAllocator() = default;
  template <class U>
  explicit ManagedAllocator(const ManagedAllocator<U>&) {}

  T* allocate(std::size_t count) { return static_cast<T*>(allocate_managed(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t) { release_managed(memory); }
  bool operator==(const ManagedAllocator&) const = default;
};

/// An array in it, for kernels that a test launches by itself.
template <class T>
using Managed = std::vector<T, ManagedAllocator<T>>;

/// As long as it lives, the device has about so many bytes left.
class LittleMemory {
 public:
  explicit LittleMemory(std::size_t bytes);
  ~LittleMemory();
  LittleMemory(const LittleMemory&) = delete;
  LittleMemory& operator=(const LittleMemory&) = delete;

 private:
  std::vector<std::pair<void*, std::size_t>> taken_;
};

}  // namespace musicgen::test
