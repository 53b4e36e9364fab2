// Definitions of thread_pool.hpp.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "team.hpp"
#include "thread_pool.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The threads other than the caller's, and the loop that they work on.
struct ThreadPool::Workers {
  static constexpr int spins_before_sleep = 2000;

  explicit Workers(int others) {
    try {
      for (int i = 0; i < others; ++i) threads.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
    }
  }
  ~Workers() {
    {
      const std::lock_guard lock(mutex);
      stop = true;
      ++generation;
    }
    wake.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

  /// To be called while holding `turn`.
  void share_out(std::int64_t iterations, void* loop_body, void (*loop_call)(void*, std::int64_t)) {
    call = loop_call;
    body = loop_body;
    count = iterations;
    next.store(0, std::memory_order_relaxed);
    busy.store(static_cast<int>(threads.size()), std::memory_order_relaxed);
    {
      const std::lock_guard lock(mutex);
      generation.fetch_add(1, std::memory_order_release);
    }
    wake.notify_all();
    run_iterations();
    for (int spin = 0; busy.load(std::memory_order_acquire) > 0; ++spin)
      if (spin > spins_before_sleep) std::this_thread::yield();
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
  }

  void work() {
    for (std::uint64_t seen = 0;; ++seen) {
      for (int spin = 0; generation.load(std::memory_order_acquire) == seen && spin < spins_before_sleep; ++spin)
        detail::spin_pause();
      if (generation.load(std::memory_order_acquire) == seen) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return generation.load(std::memory_order_relaxed) != seen; });
      }
      if (stop) return;
      run_iterations();
      busy.fetch_sub(1, std::memory_order_release);
    }
  }

  void run_iterations() {
    inside = true;
    try {
      for (std::int64_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) call(body, i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
    inside = false;
  }

  static inline thread_local bool inside = false;

  std::mutex turn;  // held by the caller whose loop is running
  void (*call)(void*, std::int64_t) = nullptr;
  void* body = nullptr;
  std::int64_t count = 0;
  std::atomic<std::int64_t> next{0};
  std::atomic<int> busy{0};  // workers that have not finished the current loop
  std::exception_ptr failure;

  std::mutex mutex;  // guards sleeping
  std::condition_variable wake;
  std::atomic<std::uint64_t> generation{0};  // counts loops
  bool stop = false;
  std::vector<std::thread> threads;
};

MUSICGEN_INLINE ThreadPool::ThreadPool(int threads) {
  if (threads <= 1) return;
  workers_ = std::make_unique<Workers>(threads - 1);
  threads_ = static_cast<int>(workers_->threads.size()) + 1;
}
MUSICGEN_INLINE ThreadPool::~ThreadPool() = default;

MUSICGEN_INLINE void ThreadPool::run_loop(std::int64_t count, void* body, void (*call)(void*, std::int64_t)) {
  if (count <= 1 || threads_ == 1 || Workers::inside || !workers_->turn.try_lock()) {
    for (std::int64_t i = 0; i < count; ++i) call(body, i);
    return;
  }
  const std::unique_lock turn(workers_->turn, std::adopt_lock);
  workers_->share_out(count, body, call);
}

MUSICGEN_INLINE void ThreadPool::run_team(int most, void* body, void (*call)(void*, Team&, int)) {
  const int size = std::min(most, threads_);
  if (size <= 1 || Workers::inside || !workers_->turn.try_lock()) {
    Team alone(1);
    call(body, alone, 0);
    return;
  }
  const std::unique_lock turn(workers_->turn, std::adopt_lock);
  Team team(size);
  const auto member = [&](std::int64_t number) { call(body, team, static_cast<int>(number)); };
  // A thread that waits in the body does not take a second number, so each number goes to a different thread.
  workers_->share_out(size, const_cast<void*>(static_cast<const void*>(&member)),
                      [](void* m, std::int64_t number) { (*static_cast<decltype(member)*>(m))(number); });
}

namespace detail {

inline int machine_threads() {
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}
inline std::unique_ptr<ThreadPool>& process_pool() {
  static auto pool = std::make_unique<ThreadPool>(machine_threads());
  return pool;
}
inline ThreadPool*& pool_in_use() {
  static thread_local ThreadPool* pool = nullptr;
  return pool;
}

}  // namespace detail

MUSICGEN_INLINE ThreadPool& thread_pool() {
  ThreadPool* const own = detail::pool_in_use();
  return own ? *own : *detail::process_pool();
}

MUSICGEN_INLINE void set_threads(int threads) {
  if (threads <= 0) threads = detail::machine_threads();
  auto& pool = detail::process_pool();
  if (threads != pool->threads()) pool = std::make_unique<ThreadPool>(threads);
}

MUSICGEN_INLINE UseThreadPool::UseThreadPool(ThreadPool& pool) : before_(std::exchange(detail::pool_in_use(), &pool)) {}
MUSICGEN_INLINE UseThreadPool::~UseThreadPool() {
  detail::pool_in_use() = before_;
}

}  // namespace musicgen::inline MUSICGEN_ABI
