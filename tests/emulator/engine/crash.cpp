#include "crash.hpp"

#include "grid.hpp"
#include "report.hpp"
#include "sanitizers.hpp"

namespace musicgen::emulator {

namespace {

constexpr int signals[] = {SIGSEGV, SIGBUS};
struct sigaction before[2];

alignas(16) char handler_stack[64 * 1024];  // the thread's own stack may have run out

// The fault is caused by the interrupted instruction itself, so calls that are unsafe in handlers in general are safe
// here. Control returns neither to the thread nor to the handler.
void report_crash(int signal, siginfo_t* info, void*) {
  if (current_thread != nullptr) grid->fail([&] { return report::bad_access(*grid, info->si_addr); });
  sigaction(signal, &before[signal == SIGBUS],
            nullptr);  // not from a kernel: it happens again at once, and is then not ours
}

}  // namespace

CrashReports::CrashReports() {
  if (under_thread_sanitizer()) return;  // calls handlers in its own way, which cannot be left like this
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
