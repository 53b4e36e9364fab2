// Threads that share out the iterations of a loop.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {
/// In a loop that waits for another thread.
inline void spin_pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}
}  // namespace detail

/// Threads that work on one thing step by step, each on its share, and wait for each other in between.
class Team {
 public:
  explicit Team(int size) : size_(size) {}
  int size() const { return size_; }

  /// Returns when all have called it: what they wrote before, all can read after.
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

/// Runs loops whose iterations do not depend on each other. Which thread runs which iteration is left open, so whoever
/// wants the same bytes for any number of threads lets an iteration write only what belongs to it.
class ThreadPool {
 public:
  /// @param threads  how many work at a loop, the caller included; at least 1. Fewer where the system gives no more.
  explicit ThreadPool(int threads) {
    try {
      for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
    }
  }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
      ++generation_;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// body(i) for every i in [0, count), and returns when all are done. A loop inside a loop, or one started while
  /// another caller's is running, runs on its caller's thread alone. Allocates nothing.
  /// @throws what the first failing body threw; the other iterations may or may not have run
  template <class Body>
  void parallel_for(std::int64_t count, Body&& body) {
    if (count <= 1 || workers_.empty() || inside_ || !turn_.try_lock()) {
      for (std::int64_t i = 0; i < count; ++i) body(i);
      return;
    }
    const std::unique_lock turn(turn_, std::adopt_lock);
    share_out(count, body);
  }

  /// body(team, member) on up to `most` threads at once, members numbered from 0; on the caller's alone inside a loop
  /// or while another caller's is running. The body waits for the others at least once if there are any, and must not
  /// throw. Allocates nothing.
  template <class Body>
  void together(int most, Body&& body) {
    const int size = std::min(most, threads());
    if (size <= 1 || inside_ || !turn_.try_lock()) {
      Team alone(1);
      body(alone, 0);
      return;
    }
    const std::unique_lock turn(turn_, std::adopt_lock);
    Team team(size);
    // Nobody who waits in the body takes a second number, so each number comes to a thread of its own.
    share_out(size, [&](std::int64_t member) { body(team, static_cast<int>(member)); });
  }

 private:
  static constexpr int spins_before_sleep = 2000;

  template <class Body>
  void share_out(std::int64_t count, Body&& body) {
    call_ = [](void* b, std::int64_t i) { (*static_cast<std::remove_reference_t<Body>*>(b))(i); };
    body_ = const_cast<void*>(static_cast<const void*>(std::addressof(body)));
    count_ = count;
    next_.store(0, std::memory_order_relaxed);
    busy_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    {
      const std::lock_guard lock(mutex_);
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    run_iterations();
    for (int spin = 0; busy_.load(std::memory_order_acquire) > 0; ++spin)
      if (spin > spins_before_sleep) std::this_thread::yield();
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

  void work() {
    for (std::uint64_t seen = 0;; ++seen) {
      for (int spin = 0; generation_.load(std::memory_order_acquire) == seen && spin < spins_before_sleep; ++spin)
        detail::spin_pause();
      if (generation_.load(std::memory_order_acquire) == seen) {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return generation_.load(std::memory_order_relaxed) != seen; });
      }
      if (stop_) return;
      run_iterations();
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }

  void run_iterations() {
    inside_ = true;
    try {
      for (std::int64_t i; (i = next_.fetch_add(1, std::memory_order_relaxed)) < count_;) call_(body_, i);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    inside_ = false;
  }

  static inline thread_local bool inside_ = false;

  std::mutex turn_;  // held by the caller whose loop is running
  void (*call_)(void*, std::int64_t) = nullptr;
  void* body_ = nullptr;
  std::int64_t count_ = 0;
  std::atomic<std::int64_t> next_{0};
  std::atomic<int> busy_{0};  // workers that have not finished the current loop
  std::exception_ptr failure_;

  std::mutex mutex_;  // guards sleeping
  std::condition_variable wake_;
  std::atomic<std::uint64_t> generation_{0};  // counts loops
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

namespace detail {
inline std::unique_ptr<ThreadPool>& thread_pool_slot() {
  static auto pool = std::make_unique<ThreadPool>(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  return pool;
}
}  // namespace detail

/// The pool that the CPU backend computes on: as many threads as the machine has, unless `set_threads` says otherwise.
inline ThreadPool& thread_pool() {
  return *detail::thread_pool_slot();
}

/// How many threads compute; 0: as many as the machine has. Results do not depend on it. Not while anything computes.
inline void set_threads(int threads) {
  if (threads <= 0) threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (threads != thread_pool().threads()) detail::thread_pool_slot() = std::make_unique<ThreadPool>(threads);
}

}  // namespace musicgen::inline MUSICGEN_ABI
