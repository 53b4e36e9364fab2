// Turns invalid memory accesses of a kernel, which the processor detects, into Faults.
#pragma once

#include <csignal>

namespace musicgen::emulator {

/// While this object lives, SIGSEGV and SIGBUS in a kernel end the launch; elsewhere they do what they did before.
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
