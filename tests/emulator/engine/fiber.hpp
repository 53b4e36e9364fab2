// Fibers: functions with their own stacks. One runs at a time, until it switches to another.
//
// Boost.Context switches in 6 ns; swapcontext, which makes a system call, takes 310. Its lowest layer is used, because
// the fibers of a faulty kernel are abandoned where they are; its classes would unwind them by exceptions.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>

namespace musicgen::emulator {

struct Stack {
  const void* bottom = nullptr;  // the lowest address
  std::size_t size = 0;
};

class Fiber {
 public:
  Fiber() = default;
  ~Fiber() { forget(); }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Makes this the fiber of the calling stack.
  void adopt_caller();

  /// Will run `entry`, which may not return, on `stack` when first switched to.
  void prepare(Stack stack, void (*entry)());

  /// Suspends this fiber, which must be the running one, and switches to `next`. Returns when something switches back.
  /// @param last  whether nothing ever will switch back
  void switch_to(Fiber& next, bool last = false);

  /// Calls `action()` on the caller's stack, while ThreadSanitizer takes it for this fiber's.
  template <class Action>
  void answer_for(Action&& action) {
    void* const caller = begin_to_answer();
    action();
    end_to_answer(caller);
  }

  /// Nothing will switch to this fiber any more.
  void forget();

 private:
  static void enter(boost::context::detail::transfer_t transfer);
  void arrive(boost::context::detail::transfer_t transfer);
  void* begin_to_answer();
  static void end_to_answer(void* caller);

  boost::context::detail::fcontext_t context_ = nullptr;
  Stack stack_;
  void (*entry_)() = nullptr;
  void* fake_stack_ = nullptr;  // AddressSanitizer's
  void* tsan_fiber_ = nullptr;
  bool own_tsan_fiber_ = false;
};

/// Memory for the stacks of many fibers, kept between launches. Below each there is a protected page, up to a number of
/// stacks beyond which the system has no room for more mappings.
class StackPool {
 public:
  ~StackPool() { release(); }

  void reserve(std::size_t count);
  Stack operator[](std::size_t i) const;
  void release();

  /// Whether `address` is in a guard page, that is, below a stack that has grown too large.
  bool is_guard(const void* address) const;

 private:
  char* memory_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace musicgen::emulator
