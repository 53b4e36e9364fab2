#include "schedule.hpp"

#include <algorithm>
#include <bit>
#include <numeric>

namespace musicgen::emulator {

namespace {
Schedule in_use;
}

std::string Schedule::name() const {
  if (kind == in_turn) return "in turn";
  if (kind == last_in_first_out) return "last in, first out";
  return "shuffled, seed " + std::to_string(seed);
}

UseSchedule::UseSchedule(Schedule schedule) : before_(in_use) {
  in_use = schedule;
}
UseSchedule::~UseSchedule() {
  in_use = before_;
}

Schedule current_schedule() {
  return in_use;
}

std::vector<Schedule> all_schedules() {
  return {{Schedule::in_turn}, {Schedule::last_in_first_out}, {Schedule::shuffled, 1}, {Schedule::shuffled, 2}};
}

ReadyQueue::ReadyQueue(Schedule schedule, std::size_t threads)
    : schedule_(schedule), random_(schedule.seed), ring_(std::bit_ceil(threads)) {}

void ReadyQueue::add(Thread& thread, Reason reason) {
  // A thread that yields waits for another one, and goes to the back whatever the schedule.
  const bool first = reason != gave_way && ((schedule_.kind == Schedule::in_turn && reason == let_go_by_its_warp) ||
                                            schedule_.kind == Schedule::last_in_first_out);
  if (first) {
    front_ = at(ring_.size() - 1);
    ring_[front_] = &thread;
  } else {
    ring_[at(size_)] = &thread;
  }
  ++size_;
}

Thread* ReadyQueue::take() {
  if (size_ == 0) return nullptr;
  if (schedule_.kind == Schedule::shuffled) std::swap(ring_[front_], ring_[at(random_() % size_)]);
  Thread* thread = ring_[front_];
  front_ = at(1);
  --size_;
  return thread;
}

std::vector<std::size_t> ReadyQueue::block_order(std::size_t blocks) {
  std::vector<std::size_t> order(blocks);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (schedule_.kind == Schedule::shuffled) std::shuffle(order.begin(), order.end(), random_);
  return order;
}

}  // namespace musicgen::emulator
