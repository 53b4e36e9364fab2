// Threads that share the iterations of a loop.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

class Team;  // team.hpp

/// Runs loops whose iterations do not depend on each other. Which thread runs which iteration is not specified, so an
/// iteration must write only what belongs to it if the result is to be the same for any number of threads.
///
/// Any thread may start loops on one pool: while another caller's loop is running, a loop runs on its caller's thread
/// alone.
class ThreadPool {
 public:
  /// @param threads  how many work on a loop, including the caller; at least 1. Fewer if the system does not give more.
  explicit ThreadPool(int threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ~ThreadPool();

  [[nodiscard]] int threads() const { return threads_; }

  /// Calls body(i) for every i in [0, count) and returns when all are done. A loop inside a loop, or one started while
  /// another caller's is running, runs on its caller's thread alone. Allocates nothing.
  /// @throws what the first failing body threw; the other iterations may or may not have run
  template <class Body>
  void parallel_for(std::int64_t count, Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run_loop(count, address(body), [](void* b, std::int64_t i) { (*static_cast<Plain*>(b))(i); });
  }

  /// Calls body(team, member) on up to `most` threads at once, members numbered from 0; only on the caller's thread
  /// inside a loop or while another caller's is running. The body waits for the others at least once if there are any,
  /// and must not throw. Allocates nothing.
  template <class Body>
  void together(int most, Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run_team(most, address(body), [](void* b, Team& team, int member) { (*static_cast<Plain*>(b))(team, member); });
  }

 private:
  struct Workers;

  template <class Body>
  static void* address(Body& body) {
    return const_cast<void*>(static_cast<const void*>(std::addressof(body)));
  }
  void run_loop(std::int64_t count, void* body, void (*call)(void*, std::int64_t));
  void run_team(int most, void* body, void (*call)(void*, Team&, int));

  int threads_ = 1;
  std::unique_ptr<Workers> workers_;
};

/// The pool that the calling thread computes on: that of the innermost UseThreadPool, or else the process's own, which
/// has as many threads as the machine unless `set_threads` has changed that.
[[nodiscard]] ThreadPool& thread_pool();

/// Sets the number of threads of the process's own pool; 0: as many as the machine has. Results do not depend on it.
/// Must not be called while anything computes.
void set_threads(int threads);

/// While this object lives, the calling thread computes on the given pool instead of the process's own. A program with
/// its own threads might give each of them a pool of one thread.
class UseThreadPool {
 public:
  explicit UseThreadPool(ThreadPool& pool);
  UseThreadPool(const UseThreadPool&) = delete;
  UseThreadPool& operator=(const UseThreadPool&) = delete;
  ~UseThreadPool();

 private:
  ThreadPool* before_;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "thread_pool.ipp"
#endif
