// Sets the number of threads in a test.
#pragma once

#include <musicgen/core/thread_pool.hpp>

namespace musicgen::test {

/// Sets the number of threads while this object lives; afterwards it is that of the machine again, even after failures.
class Threads {
 public:
  explicit Threads(int count) { set_threads(count); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() { set_threads(0); }
};

}  // namespace musicgen::test
