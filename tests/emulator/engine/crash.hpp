// Invalid accesses to memory by a kernel, which the processor notices, become Faults.
#pragma once

#include <csignal>

namespace musicgen::emulator {

/// As long as it lives, SIGSEGV and SIGBUS in a kernel end the launch; elsewhere they do what they did before.
class CrashReports {
 public:
  CrashReports();
  ~CrashReports();
  CrashReports(const CrashReports&) = delete;
  CrashReports& operator=(const CrashReports&) = delete;

 private:
  stack_t stack_before_{};
};

}  // namespace musicgen::emulator
