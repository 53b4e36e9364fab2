// The order in which the threads of a kernel take turns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace musicgen::emulator {

/// A kernel must give the same results under all schedules; each finds different faults.
///
///   in_turn             a warp runs until all of it waits, then the next one, as on a GPU with a single scheduler
///   last_in_first_out   the thread released last runs first: one warp, or one block, gets as far ahead as it can
///   shuffled            any thread that can run, drawn at random
struct Schedule {
  enum Kind { in_turn, last_in_first_out, shuffled };
  Kind kind = in_turn;
  std::uint64_t seed = 0;

  std::string name() const;
};

/// Launches follow `schedule` while this lives.
class UseSchedule {
 public:
  explicit UseSchedule(Schedule schedule);
  ~UseSchedule();
  UseSchedule(const UseSchedule&) = delete;
  UseSchedule& operator=(const UseSchedule&) = delete;

 private:
  Schedule before_;
};

Schedule current_schedule();

/// One of each kind, and more seeds.
std::vector<Schedule> all_schedules();

/// Calls `body(schedule)` once under each of them.
template <class Body>
void under_all_schedules(Body&& body) {
  for (const Schedule schedule : all_schedules()) {
    const UseSchedule use(schedule);
    body(schedule);
  }
}

struct Thread;

/// The threads that can run, in a ring with room for all threads.
class ReadyQueue {
 public:
  ReadyQueue(Schedule schedule, std::size_t threads);

  /// Why a thread can run (again).
  enum Reason { started, let_go_by_its_warp, let_go_by_its_block, gave_way };
  void add(Thread& thread, Reason reason);

  /// @return  nullptr if there is none
  Thread* take();

  std::size_t size() const { return size_; }

  /// The blocks of a grid in the order in which they begin.
  std::vector<std::size_t> block_order(std::size_t blocks);

 private:
  std::size_t at(std::size_t i) const { return (front_ + i) & (ring_.size() - 1); }

  Schedule schedule_;
  std::mt19937_64 random_;
  std::vector<Thread*> ring_;  // a power of two
  std::size_t front_ = 0, size_ = 0;
};

}  // namespace musicgen::emulator
