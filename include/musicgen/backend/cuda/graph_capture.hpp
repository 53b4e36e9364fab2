// Work that is the same in every step, given to the device as one request: a CUDA graph.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "../../core/config.hpp"
#include "kernel_policy.hpp"
#include "memory.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// Recorded requests to the device.
using Recording = struct RecordedWork*;

/// Records what `work` requests of the device, without doing it. It may neither wait nor allocate.
/// @return  nullptr: it does, or the device cannot record all of it, or not now
Recording record(const std::function<void()>& work);
/// Makes the same requests again, with the same memory and sizes.
void replay(Recording recording);
void release_recording(Recording recording) noexcept;
/// How often replay() has been called so far.
std::size_t replays();

/// Repeats work, by a recording as soon as nothing about it changes any more. Gives up recording after three failures
/// in a row.
class GraphCapture {
 public:
  GraphCapture() = default;
  GraphCapture(const GraphCapture&) {}  // a copy has other memory
  GraphCapture(GraphCapture&& other) noexcept { swap(other); }
  GraphCapture& operator=(GraphCapture other) noexcept {
    swap(other);
    return *this;
  }
  ~GraphCapture() { release_recording(recording_); }

  /// @param work  its requests may depend on `key`, on the kernels in use and on where its memory is, and on nothing
  ///              else on the host: it is not called again while these stay the same
  void run(std::vector<std::intptr_t> key, const std::function<void()>& work) {
    key.push_back(static_cast<std::intptr_t>(kernels_in_use()));
    const auto same = [&] { return key == key_ && allocations_ == allocations(); };
    if (!recordings_in_use() || !same()) release_recording(std::exchange(recording_, nullptr));
    if (recordings_in_use() && !recording_ && failures_ < 3 && same()) {
      recording_ = record(work);
      failures_ = recording_ ? 0 : failures_ + 1;
    }
    if (recording_) return replay(recording_);
    work();
    key_ = std::move(key);
    allocations_ = allocations();
  }

 private:
  void swap(GraphCapture& other) noexcept {
    std::swap(key_, other.key_);
    std::swap(allocations_, other.allocations_);
    std::swap(recording_, other.recording_);
    std::swap(failures_, other.failures_);
  }

  std::vector<std::intptr_t> key_;  // of the last call
  std::size_t allocations_ = 0;     // after that call; if unchanged, no memory has moved
  Recording recording_ = nullptr;
  int failures_ = 0;  // to record, in a row
};

/// An address, for a key.
template <class T>
std::intptr_t place_of(const T* memory) {
  return reinterpret_cast<std::intptr_t>(memory);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
