#include <emulator/global_memory.hpp>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "memory.hpp"

namespace musicgen::emulator {

namespace {

struct GlobalMemory {
  std::mutex mutex;
  std::unordered_map<void*, std::unique_ptr<GuardedBuffer>> buffers;  // by address
};

/// Never destroyed: static objects may free memory after its destruction.
GlobalMemory& global_memory() {
  static auto* memory = new GlobalMemory;
  return *memory;
}

}  // namespace

void* allocate_global(std::size_t bytes) {
  auto buffer = std::make_unique<GuardedBuffer>(bytes);
  void* const begin = buffer->data();
  const std::lock_guard lock(global_memory().mutex);
  global_memory().buffers.emplace(begin, std::move(buffer));
  return begin;
}

void release_global(void* memory) noexcept {
  const std::lock_guard lock(global_memory().mutex);
  global_memory().buffers.erase(memory);
}

}  // namespace musicgen::emulator
