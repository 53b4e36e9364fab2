#include "grid.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "crash.hpp"
#include "report.hpp"
#include "sanitizers.hpp"

namespace musicgen::emulator {

Grid* grid = nullptr;
Thread* current_thread = nullptr;
const Position* position = nullptr;

namespace {

StackPool stacks;

void check(const Launch& launch) {
  const std::size_t threads = launch.block.count(), blocks = launch.grid.count();
  if (blocks == 0 || threads == 0) throw Fault("launch: " + report::shape(launch) + " is empty");
  if (threads > 1024 || launch.block.z > 64)
    throw Fault("launch: " + report::shape(launch) + ": a block has at most 1024 threads, 64 of them along z");
  if (launch.grid.y > 65'535 || launch.grid.z > 65'535)
    throw Fault("launch: " + report::shape(launch) + ": a grid has at most 65535 blocks along y and z");
  if (launch.shared_bytes > SharedMemory::most)
    throw Fault("launch: " + std::to_string(launch.shared_bytes) + " bytes of shared memory; a block has at most " +
                std::to_string(SharedMemory::most));
  // An H100: 132 multiprocessors, each with 2048 threads, 32 blocks and 228 KiB of shared memory, of which each block
  // costs 1 KiB. The limit by registers is not known here.
  const std::size_t together = std::min(
      {std::size_t{32}, 2048 / ((threads + 31) / 32 * 32), std::size_t{228 * 1024} / (launch.shared_bytes + 1024)});
  if (launch.cooperative && blocks > 132 * together)
    throw Fault("launch: " + report::shape(launch) + " with " + std::to_string(launch.shared_bytes) +
                " bytes of shared memory is cooperative, but an H100 holds " + std::to_string(132 * together) +
                " such blocks at a time");
}

/// The number of blocks on the machine at the same time. For independent blocks two are enough to show wrong sharing.
/// ThreadSanitizer would take the reuse of a stack for a race, so there it is all of them.
std::size_t resident_blocks(const Launch& launch) {
  const std::size_t blocks = launch.grid.count();
  constexpr std::size_t most_fibers = 8'000;
  if (under_thread_sanitizer() && blocks * launch.block.count() > most_fibers)
    throw Fault("launch: " + report::shape(launch) + ": ThreadSanitizer has room for " + std::to_string(most_fibers) +
                " threads");
  return launch.cooperative || under_thread_sanitizer() ? blocks : std::min<std::size_t>(blocks, 2);
}

uint3 unflatten(std::size_t i, const dim3& shape) {
  return {static_cast<unsigned>(i % shape.x), static_cast<unsigned>(i / shape.x % shape.y),
          static_cast<unsigned>(i / shape.x / shape.y)};
}

}  // namespace

Block::Block(std::size_t count, std::size_t shared_bytes)
    : warps((count + warp_size - 1) / warp_size),
      threads(std::make_unique<Thread[]>(count)),
      thread_count(count),
      shared(shared_bytes) {
  for (std::size_t i = 0; i < count; ++i) {
    Warp& warp = warps[i / warp_size];
    threads[i].index = static_cast<unsigned>(i);
    threads[i].block = this;
    threads[i].warp = &warp;
    if (i % warp_size == 0) warp.threads = &threads[i];
    warp.existing |= 1u << i % warp_size;
  }
}

Grid::Grid(const Launch& launch, void (*kernel)(const void*), const void* arguments)
    : launch_(launch),
      kernel_(kernel),
      arguments_(arguments),
      ready_(current_schedule(), resident_blocks(launch) * launch.block.count()) {
  host_.adopt_caller();
  stacks.reserve(resident_blocks(launch) * launch.block.count());
  for (std::size_t i = 0; i < resident_blocks(launch); ++i)
    blocks_.push_back(std::make_unique<Block>(launch.block.count(), launch.shared_bytes));
  grid = this;
}

Grid::~Grid() {
  grid = nullptr;
  current_thread = nullptr;
  position = nullptr;
  constexpr std::size_t worth_keeping = 8'192;
  const bool abandoned = exception_ != nullptr || !fault_.empty();
  if (abandoned || blocks_.size() * launch_.block.count() > worth_keeping) stacks.release();
}

void Grid::start(Block& block, std::size_t slot, std::size_t index) {
  block.index = unflatten(index, launch_.grid);
  block.arrived = block.ended = 0;
  for (Warp& warp : block.warps) warp.ended = warp.waiting = 0;
  for (std::size_t i = 0; i < block.thread_count; ++i) {
    Thread& thread = block.threads[i];
    const auto lane = static_cast<unsigned>(i % warp_size);
    thread.position = {unflatten(i, launch_.block), block.index, launch_.block, launch_.grid, lane};
    thread.state = Thread::can_run;
    thread.primitive = "its start";
    thread.at = {};
    thread.copies.clear();
    thread.copy_groups = 0;
    thread.fiber.prepare(stacks[slot * block.thread_count + i], run_thread);
    ready_.add(thread, ReadyQueue::started);
  }
}

void Grid::run() {
  const std::vector<std::size_t> order = ready_.block_order(launch_.grid.count());
  std::size_t started = 0;
  for (; started < blocks_.size(); ++started) start(*blocks_[started], started, order[started]);
  for (std::size_t finished = 0; finished < order.size();) {
    Thread* next = ready_.take();
    if (next == nullptr) fault_ = report::deadlock(*this);
    if (next != nullptr) hand_over(next, false);
    if (exception_) std::rethrow_exception(exception_);
    if (!fault_.empty()) throw Fault(fault_);
    if (ended_block_ == nullptr) continue;
    Block& block = *std::exchange(ended_block_, nullptr);
    finish(block);
    ++finished;
    if (started == order.size()) continue;
    const auto is_it = [&](const auto& candidate) { return candidate.get() == &block; };
    block.shared.poison();
    start(block, static_cast<std::size_t>(std::find_if(blocks_.begin(), blocks_.end(), is_it) - blocks_.begin()),
          order[started++]);
  }
  acquire(this);
}

void Grid::finish(Block& block) {
  const std::string damage = block.shared.explain_damage();
  if (damage.empty()) return;
  fault_ =
      "access outside of shared memory: " + report::name(block) + ": something was written just outside of " + damage;
  throw Fault(fault_);
}

/// Runs `next`, or the host if there is none, instead of what runs now.
void Grid::hand_over(Thread* next, bool last) {
  Fiber& from = current_thread == nullptr ? host_ : current_thread->fiber;
  Fiber& to = next == nullptr ? host_ : next->fiber;
  current_thread = next;
  position = next == nullptr ? nullptr : &next->position;
  from.switch_to(to, last);
}

void Grid::run_thread() {
  try {
    grid->kernel_(grid->arguments_);
  } catch (...) {
    grid->exception_ = std::current_exception();
  }
  grid->end_thread();
}

void Grid::end_thread() {
  Thread& thread = *current_thread;
  Block& block = *thread.block;
  thread.state = Thread::has_ended;
  thread.warp->ended |= thread.lane_bit();
  ++block.ended;
  note_progress();
  release(this);
  if (!exception_) {
    bool is_awaited = block.arrived > 0;
    for (const Meeting& meeting : thread.warp->meetings)
      is_awaited = is_awaited || (meeting.arrived != 0 && (meeting.mask & thread.lane_bit()) != 0);
    if (is_awaited) fail([&] { return report::ended_while_awaited(thread); });
    if (block.ended == block.thread_count) ended_block_ = &block;
  }
  const bool host_is_needed = exception_ || ended_block_ != nullptr;
  hand_over(host_is_needed ? nullptr : ready_.take(), true);
  std::terminate();  // nothing comes back
}

void Grid::suspend(Thread::State state) {
  Thread* const self = current_thread;
  self->state = state;
  Thread* next = ready_.take();
  if (next != self) hand_over(next, false);
  self->state = Thread::can_run;
}

void Grid::let_go(Thread& thread, ReadyQueue::Reason reason) {
  thread.state = Thread::can_run;
  ready_.add(thread, reason);
}

void Grid::give_way() {
  const std::size_t most = 10'000 + 1'000 * (ready_.size() + 1);
  if (++turns_without_progress_ > most) {
    current_thread->state = Thread::spins;
    fail([&] { return report::spin(*this, most); });
  }
  ready_.add(*current_thread, ReadyQueue::gave_way);
  suspend(Thread::spins);
}

void Grid::abandon() {
  hand_over(nullptr, true);
  std::terminate();  // nothing comes back
}

bool Grid::is_stack_guard(const void* address) const {
  return stacks.is_guard(address);
}

void run(const Launch& launch, void (*kernel)(const void*), const void* arguments) {
  static thread_local bool launching = false;
  if (launching) throw Fault("launch: from within a kernel");
  check(launch);
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);
  struct Launching {
    Launching() { launching = true; }
    ~Launching() { launching = false; }
  } const now;
  Grid launched(launch, kernel, arguments);
  const CrashReports reports;
  launched.run();
}

}  // namespace musicgen::emulator
