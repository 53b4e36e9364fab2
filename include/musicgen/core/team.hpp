// Internal: threads of a ThreadPool that work together on one task.
#pragma once

#include <atomic>
#include <thread>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {
/// To be called in a loop that waits for another thread.
inline void spin_pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}
}  // namespace detail

/// Threads that work through one task step by step, each on its share, and wait for each other between steps.
class Team {
 public:
  explicit Team(int size) : size_(size) {}
  int size() const { return size_; }

  /// Returns when all threads have called it; what they wrote before the call, all can read after it.
  void wait() {
    if (size_ == 1) return;
    const unsigned phase = phase_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
      arrived_.store(0, std::memory_order_relaxed);
      phase_.store(phase + 1, std::memory_order_release);
      return;
    }
    for (int spin = 0; phase_.load(std::memory_order_acquire) == phase; ++spin)
      spin < 2000 ? detail::spin_pause() : std::this_thread::yield();
  }

 private:
  const int size_;
  std::atomic<int> arrived_ = 0;
  std::atomic<unsigned> phase_ = 0;
};

}  // namespace musicgen::inline MUSICGEN_ABI
