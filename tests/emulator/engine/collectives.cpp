// Where threads meet: barriers, and exchanges between the lanes of a warp. The last to arrive does the work for all.
#include <bit>

#include "engine.hpp"
#include "grid.hpp"
#include "matrix.hpp"
#include "report.hpp"
#include "sanitizers.hpp"

namespace musicgen::emulator {

namespace {

void arrive_at(const char* primitive, Location at) {
  current_thread->primitive = primitive;
  current_thread->at = at;
}

bool same_place(const Thread& a, const Thread& b) {
  return a.primitive == b.primitive && a.at.file == b.at.file && a.at.line == b.at.line;
}

/// The meeting of the lanes of `mask`, which the current thread may join.
Meeting& meeting_of(unsigned mask) {
  Thread& thread = *current_thread;
  Warp& warp = *thread.warp;
  if ((mask & thread.lane_bit()) == 0)
    grid->fail([&] { return report::here("the mask leaves out the thread itself"); });
  if ((mask & warp.ended) != 0) grid->fail([&] { return report::divergence(thread); });
  Meeting& meeting = warp.meetings[std::countr_zero(mask)];
  if (meeting.arrived == 0) {
    if ((warp.waiting & mask) != 0) grid->fail([&] { return report::divergence(thread); });
    meeting.mask = mask;
  }
  if (meeting.mask != mask) grid->fail([&] { return report::divergence(thread); });
  if (meeting.arrived != 0 && !same_place(thread, warp.threads[std::countr_zero(meeting.arrived)]))
    grid->fail([&] { return report::divergence(thread); });
  return meeting;
}

using Combine = void (*)(void* const* arguments, unsigned lanes);

/// The existing lanes of `mask` wait for each other; then `combine` is called once with the arguments of each.
template <bool orders_memory>
void meet(unsigned mask, void* argument, Combine combine) {
  Thread& thread = *current_thread;
  Warp& warp = *thread.warp;
  const unsigned lanes = mask & warp.existing;
  Meeting& meeting = meeting_of(mask);
  meeting.arrived |= thread.lane_bit();
  warp.waiting |= thread.lane_bit();
  warp.arguments[thread.position.lane] = argument;
  void* const object = meeting.object();
  if constexpr (orders_memory) release(object);
  if (meeting.arrived == lanes) {
    if (combine != nullptr) combine(warp.arguments, lanes);
    meeting.arrived = 0;
    meeting.odd = !meeting.odd;
    warp.waiting &= ~lanes;
    grid->note_progress();
    for (unsigned lane = warp_size; lane-- > 0;)  // the lowest lane will be at the front
      if ((lanes & ~thread.lane_bit()) >> lane & 1) grid->let_go(warp.threads[lane], ReadyQueue::let_go_by_its_warp);
  } else {
    grid->suspend(Thread::waits);
  }
  if constexpr (orders_memory) acquire(object);
}

struct Exchanged {
  std::uint64_t value;
  unsigned source;
  std::uint64_t result;
};

struct Vote {
  bool predicate;
  unsigned result;
};

template <class Body>
void for_each_lane(unsigned lanes, Body&& body) {
  for (; lanes != 0; lanes &= lanes - 1) body(static_cast<unsigned>(std::countr_zero(lanes)));
}

template <class Argument>
Argument& argument_of(void* const* arguments, unsigned lane) {
  return *static_cast<Argument*>(arguments[lane]);
}

void meet_in_full(const char* primitive, void* argument, Combine combine, Location at) {
  arrive_at(primitive, at);
  if (current_thread->warp->existing != ~0u) grid->fail([&] { return report::here("needs a warp of 32 threads"); });
  meet<false>(~0u, argument, combine);
}

}  // namespace

void block_barrier(Location at) {
  arrive_at("__syncthreads", at);
  Thread& thread = *current_thread;
  Block& block = *thread.block;
  if (block.ended > 0) grid->fail([&] { return report::divergence(thread); });
  if (block.arrived == 0) block.first_to_arrive = &thread;
  if (!same_place(thread, *block.first_to_arrive)) grid->fail([&] { return report::divergence(thread); });
  void* const object = block.barrier.object();
  release(object);
  if (++block.arrived == block.thread_count) {
    block.arrived = 0;
    block.barrier.odd = !block.barrier.odd;
    grid->note_progress();
    for (std::size_t i = 0; i < block.thread_count; ++i)
      if (&block.threads[i] != &thread) grid->let_go(block.threads[i], ReadyQueue::let_go_by_its_block);
  } else {
    grid->suspend(Thread::waits);
  }
  acquire(object);
}

void warp_barrier(unsigned mask, Location at) {
  arrive_at("__syncwarp", at);
  meet<true>(mask, nullptr, nullptr);
}

std::uint64_t exchange(const char* primitive, unsigned mask, std::uint64_t value, unsigned source, Location at) {
  arrive_at(primitive, at);
  Exchanged mine{value, source, 0};
  meet<false>(mask, &mine, [](void* const* arguments, unsigned lanes) {
    for_each_lane(lanes, [&](unsigned lane) {
      Exchanged& exchanged = argument_of<Exchanged>(arguments, lane);
      const bool takes_part = (lanes >> exchanged.source & 1) != 0;
      exchanged.result = takes_part ? argument_of<Exchanged>(arguments, exchanged.source).value : ~std::uint64_t{0};
    });
  });
  return mine.result;
}

unsigned ballot(const char* primitive, unsigned mask, bool predicate, Location at) {
  arrive_at(primitive, at);
  Vote mine{predicate, 0};
  meet<false>(mask, &mine, [](void* const* arguments, unsigned lanes) {
    unsigned votes = 0;
    for_each_lane(lanes, [&](unsigned i) { votes |= unsigned{argument_of<Vote>(arguments, i).predicate} << i; });
    for_each_lane(lanes, [&](unsigned i) { argument_of<Vote>(arguments, i).result = votes; });
  });
  return mine.result;
}

void mma_bf16(float* c, const std::uint32_t* a, const std::uint32_t* b, Location at) {
  MatrixFragments mine{c, a, b};
  meet_in_full(
      "mma", &mine, [](void* const* arguments, unsigned) { multiply_fragments(arguments); }, at);
}

void ldmatrix_x4(std::uint32_t* d, const void* row, bool transposed, Location at) {
  arrive_at("ldmatrix", at);
  if (!current_thread->block->shared.contains(row, 16) || reinterpret_cast<std::uintptr_t>(row) % 16 != 0)
    grid->fail([&] { return report::here("a row must be 16 bytes of shared memory, aligned to 16"); });
  note_read(row, 16);
  MatrixRows mine{d, row, transposed};
  meet_in_full(
      "ldmatrix", &mine, [](void* const* arguments, unsigned) { distribute_rows(arguments); }, at);
}

void give_way(const char* primitive, Location at) {
  arrive_at(primitive, at);
  grid->give_way();
}

void note_progress() {
  grid->note_progress();
}

// A fence and an atomic access together order memory; here a fence alone does, so that a race is reported only without
// a fence in between.
void fence() {
  acquire(&grid);
  release(&grid);
}

void require_cooperative(Location at) {
  arrive_at("GridBarrier", at);
  if (!grid->launch().cooperative)
    grid->fail([&] { return report::here("needs a cooperative launch: other blocks may not have begun"); });
}

}  // namespace musicgen::emulator
