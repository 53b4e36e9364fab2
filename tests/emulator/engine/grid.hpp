// A running kernel: its blocks, warps and threads. One operating-system thread runs them all, as fibers.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "engine.hpp"
#include "fiber.hpp"
#include "memory.hpp"
#include "schedule.hpp"

namespace musicgen::emulator {

inline constexpr unsigned warp_size = 32;

struct Warp;
struct Block;

struct AsyncCopy {
  void* to;
  const void* from;
  unsigned bytes, used;
  unsigned group;
};

struct Thread {
  enum State { can_run, waits, spins, has_ended };

  Fiber fiber;
  Position position;
  unsigned index;  // in its block
  Block* block;
  Warp* warp;
  State state;
  const char* primitive;  // where it is, or was last
  Location at;
  std::vector<AsyncCopy> copies;  // that have not been waited for
  unsigned copy_groups;           // committed so far

  std::uint32_t lane_bit() const { return 1u << position.lane; }
};

/// Lanes that meet at a primitive. Several groups of a warp may do so at the same time, if no lane is in two of them.
struct Meeting {
  unsigned mask = 0, arrived = 0;
  bool odd = false;  // ThreadSanitizer's objects alternate, or a slow thread would acquire what a fast one has released
  char objects[2];   // on its way to the next meeting, and races between the two be lost.
  void* object() { return &objects[odd]; }
};

struct Warp {
  Thread* threads;
  unsigned existing = 0, ended = 0, waiting = 0;  // one bit for each lane
  Meeting meetings[warp_size];                    // by the lowest lane of the mask
  void* arguments[warp_size];
};

struct Block {
  Block(std::size_t threads, std::size_t shared_bytes);

  uint3 index{};
  std::vector<Warp> warps;
  std::unique_ptr<Thread[]> threads;
  std::size_t thread_count;
  std::size_t arrived = 0, ended = 0;  // arrived: at the barrier
  Thread* first_to_arrive = nullptr;
  Meeting barrier;
  SharedMemory shared;
};

class Grid {
 public:
  Grid(const Launch& launch, void (*kernel)(const void*), const void* arguments);
  ~Grid();
  Grid(const Grid&) = delete;
  Grid& operator=(const Grid&) = delete;

  void run();

  const Launch& launch() const { return launch_; }
  const std::vector<std::unique_ptr<Block>>& blocks() const { return blocks_; }
  Fiber& host() { return host_; }
  bool is_stack_guard(const void* address) const;

  // Called by the running thread.

  /// Lets others run until this thread is released.
  void suspend(Thread::State state);
  void let_go(Thread& thread, ReadyQueue::Reason reason);
  void give_way();
  void note_progress() { turns_without_progress_ = 0; }
  /// Ends the launch with a Fault with the text that `report()` returns. The caller is abandoned, so nothing on its
  /// stack may need destruction; this is why it does not pass the text itself.
  template <class Report>
  [[noreturn]] void fail(Report&& report) {
    fault_ = report();
    abandon();
  }

 private:
  static void run_thread();
  void start(Block& block, std::size_t slot, std::size_t index);
  void finish(Block& block);
  [[noreturn]] void end_thread();
  [[noreturn]] void abandon();
  void hand_over(Thread* next, bool last);

  Launch launch_;
  void (*kernel_)(const void*);
  const void* arguments_;
  std::vector<std::unique_ptr<Block>> blocks_;  // those on the machine
  ReadyQueue ready_;
  Fiber host_;
  Block* ended_block_ = nullptr;
  std::size_t turns_without_progress_ = 0;
  std::string fault_;
  std::exception_ptr exception_;
};

extern Grid* grid;              // the running one; nullptr outside of launches
extern Thread* current_thread;  // of it

}  // namespace musicgen::emulator
