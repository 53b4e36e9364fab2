#include "fiber.hpp"

#include <sys/mman.h>

#include <new>

#include "sanitizers.hpp"

namespace musicgen::emulator {

namespace context = boost::context::detail;

constexpr std::size_t guard_page = 4096;      // bytes
constexpr std::size_t most_guarded = 16'384;  // the system allows 65,530 mappings; a guard page makes two

void Fiber::adopt_caller() {
  if (under_thread_sanitizer()) tsan_fiber_ = __tsan_get_current_fiber();
}

void Fiber::prepare(Stack stack, void (*entry)()) {
  forget();
  stack_ = stack;
  entry_ = entry;
  fake_stack_ = nullptr;
  context_ =
      context::make_fcontext(static_cast<char*>(const_cast<void*>(stack.bottom)) + stack.size, stack.size, enter);
  if (under_thread_sanitizer()) {
    tsan_fiber_ = __tsan_create_fiber(0);
    own_tsan_fiber_ = true;
  }
}

namespace {

Fiber* next_fiber;                               // the one that is being switched to
constexpr unsigned without_synchronization = 1;  // for ThreadSanitizer: otherwise no two fibers could ever race

}  // namespace

void Fiber::switch_to(Fiber& next, bool last) {
  if (under_address_sanitizer())
    __sanitizer_start_switch_fiber(last ? nullptr : &fake_stack_, next.stack_.bottom, next.stack_.size);
  if (under_thread_sanitizer()) __tsan_switch_to_fiber(next.tsan_fiber_, without_synchronization);
  next_fiber = &next;
  arrive(context::jump_fcontext(next.context_, this));
}

void Fiber::enter(context::transfer_t transfer) {
  Fiber& self = *next_fiber;
  self.arrive(transfer);
  self.entry_();
}

// The fiber that switched here has left its position and, under AddressSanitizer, the bounds of its stack.
void Fiber::arrive(context::transfer_t transfer) {
  Fiber& from = *static_cast<Fiber*>(transfer.data);
  from.context_ = transfer.fctx;
  if (under_address_sanitizer()) __sanitizer_finish_switch_fiber(fake_stack_, &from.stack_.bottom, &from.stack_.size);
}

void* Fiber::begin_to_answer() {
  if (!under_thread_sanitizer()) return nullptr;
  void* const caller = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(tsan_fiber_, without_synchronization);
  return caller;
}

void Fiber::end_to_answer(void* caller) {
  if (under_thread_sanitizer()) __tsan_switch_to_fiber(caller, without_synchronization);
}

void Fiber::forget() {
  if (own_tsan_fiber_) __tsan_destroy_fiber(tsan_fiber_);
  own_tsan_fiber_ = false;
}

namespace {

// AddressSanitizer puts space between local variables.
std::size_t stack_size() {
  return (under_address_sanitizer() ? 256 : 64) * std::size_t{1024};
}

// With distances of a power of two, all stacks would begin in the same few cache lines. An odd number of pages avoids
// that in the outer caches, and 64 more bytes for each further stack in the innermost.
std::size_t stride() {
  return stack_size() + guard_page;
}
std::size_t shift(std::size_t i) {
  return i * 64 % 1024;
}

}  // namespace

void StackPool::reserve(std::size_t count) {
  if (count <= count_) return;
  release();
  void* memory =
      mmap(nullptr, count * stride(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<char*>(memory);
  count_ = count;
  if (count > most_guarded) return;
  for (std::size_t i = 0; i < count; ++i)
    if (mprotect(memory_ + i * stride(), guard_page, PROT_NONE) != 0) throw std::bad_alloc();
}

Stack StackPool::operator[](std::size_t i) const {
  Stack stack{memory_ + i * stride() + guard_page, stack_size() - shift(i)};
  // A fiber leaves its last function by switching, without returning, and so leaves marks at the upper end. (After
  // fibers have been abandoned, the whole pool is released.)
  constexpr std::size_t last_frames = 2 * guard_page;
  if (under_address_sanitizer()) __asan_unpoison_memory_region(memory_ + (i + 1) * stride() - last_frames, last_frames);
  return stack;
}

void StackPool::release() {
  if (memory_ == nullptr) return;
  if (under_address_sanitizer()) __asan_unpoison_memory_region(memory_, count_ * stride());
  munmap(memory_, count_ * stride());
  memory_ = nullptr;
  count_ = 0;
}

bool StackPool::is_guard(const void* address) const {
  const auto* at = static_cast<const char*>(address);
  return at >= memory_ && at < memory_ + count_ * stride() &&
         static_cast<std::size_t>(at - memory_) % stride() < guard_page;
}

}  // namespace musicgen::emulator
