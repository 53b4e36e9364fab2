#include "crash.hpp"

#include "grid.hpp"
#include "report.hpp"
#include "sanitizers.hpp"

namespace musicgen::emulator {

namespace {

constexpr int signals[] = {SIGSEGV, SIGBUS};
struct sigaction before[2];

alignas(16) char handler_stack[64 * 1024];  // the thread's own may be what has run out

// The fault is one of the very instruction that was interrupted, so what is not safe in handlers in general is here.
// The thread is not returned to, and so neither is the handler.
void report_crash(int signal, siginfo_t* info, void*) {
  if (current_thread != nullptr) grid->fail([&] { return report::bad_access(*grid, info->si_addr); });
  sigaction(signal, &before[signal == SIGBUS], nullptr);  // not a kernel's: happens again at once, and is not ours then
}

}  // namespace

CrashReports::CrashReports() {
  if (under_thread_sanitizer()) return;  // calls handlers in a way of its own, which cannot be left like this
  if (under_address_sanitizer()) __asan_unpoison_memory_region(handler_stack, sizeof handler_stack);
  stack_t stack{};
  stack.ss_sp = handler_stack;
  stack.ss_size = sizeof handler_stack;
  sigaltstack(&stack, &stack_before_);
  struct sigaction action {};
  action.sa_sigaction = report_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (int i = 0; i < 2; ++i) sigaction(signals[i], &action, &before[i]);
}

CrashReports::~CrashReports() {
  if (under_thread_sanitizer()) return;
  for (int i = 0; i < 2; ++i) sigaction(signals[i], &before[i], nullptr);
  sigaltstack(&stack_before_, nullptr);
}

}  // namespace musicgen::emulator
