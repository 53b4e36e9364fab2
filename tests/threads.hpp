// The number of threads that a test wants.
#pragma once

#include <musicgen/core/thread_pool.hpp>

namespace musicgen::test {

/// The number of threads while this lives, and as many as the machine has afterwards, whatever fails meanwhile.
class Threads {
 public:
  explicit Threads(int count) { set_threads(count); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;
  ~Threads() { set_threads(0); }
};

}  // namespace musicgen::test
