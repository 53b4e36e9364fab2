// Shared memory and asynchronous copies, as seen by the running thread.
#include <cstring>

#include "engine.hpp"
#include "grid.hpp"
#include "report.hpp"
#include "sanitizers.hpp"

namespace musicgen::emulator {

void* dynamic_shared() {
  return current_thread->block->shared.dynamic();
}

void* static_shared(const char* name, std::size_t bytes) {
  SharedMemory& shared = current_thread->block->shared;
  char* array = shared.find(name);
  if (array == nullptr) {
    if (!shared.has_room_for(bytes)) {
      current_thread->primitive = "MUSICGEN_SHARED";
      grid->fail([&] {
        return report::here("an array of " + std::to_string(bytes) +
                            " bytes is too much: a block has 48 KiB of static shared memory, 227 KiB in all");
      });
    }
    // On a GPU it would have existed from the start: this thread does not create it.
    grid->host().answer_for([&] {
      array = shared.declare(name, bytes);
      release(array);
    });
  }
  acquire(array);
  return array;
}

void copy_async(void* to, const void* from, unsigned bytes, unsigned used, Location at) {
  Thread& thread = *current_thread;
  thread.primitive = "copy_async";
  thread.at = at;
  const auto aligned = [&](const void* p) { return reinterpret_cast<std::uintptr_t>(p) % bytes == 0; };
  SharedArray* const array = thread.block->shared.near(to);
  if (array == nullptr || !array->holds(to, bytes))
    grid->fail([&] { return report::here("does not lead into the block's shared memory"); });
  if (!aligned(to) || (used > 0 && !aligned(from)))
    grid->fail([&] { return report::here("is not aligned to its size"); });
  // No other thread may still be reading the old content, and none may read the new one yet.
  note_write(to, bytes);
  std::memset(to, 0xFF, bytes);
  array->note(to, bytes, SharedArray::awaited);
  thread.copies.push_back({to, from, bytes, used, thread.copy_groups});
}

void commit_copies() {
  ++current_thread->copy_groups;
}

void wait_for_copies(unsigned pending) {
  Thread& thread = *current_thread;
  auto first_kept = thread.copies.begin();
  for (; first_kept != thread.copies.end() && first_kept->group + pending < thread.copy_groups; ++first_kept) {
    const AsyncCopy& copy = *first_kept;
    note_read(copy.from, copy.used);
    note_write(copy.to, copy.bytes);
    std::memcpy(copy.to, copy.from, copy.used);
    std::memset(static_cast<char*>(copy.to) + copy.used, 0, copy.bytes - copy.used);
  }
  thread.copies.erase(thread.copies.begin(), first_kept);
}

}  // namespace musicgen::emulator
