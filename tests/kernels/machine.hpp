// What tests of kernels need from the machine; there are two: on_emulator.cpp and on_gpu.cu.
#pragma once

#include <functional>
#include <musicgen/backend/cuda/memory.hpp>
#include <vector>

namespace musicgen::test {

/// Runs the body under each schedule of the emulator, or once on a GPU.
void under_all_schedules(const std::function<void()>& body);

/// Runs the body while the device has about this many bytes left.
void with_little_memory(std::size_t bytes, const std::function<void()>& body);

/// Shared memory per block, at most.
std::size_t shared_bytes();

/// A copy in the device's memory.
template <class T>
cuda::Buffer<T> on_device(const std::vector<T>& values) {
  cuda::Buffer<T> buffer(values.size());
  if (!values.empty()) cuda::copy(buffer.data(), values.data(), values.size() * sizeof(T));
  return buffer;
}

/// A copy in the host's memory.
template <class T>
std::vector<T> on_host(const T* values, std::size_t count) {
  std::vector<T> copy(count);
  if (count > 0) cuda::copy(copy.data(), values, count * sizeof(T));
  cuda::synchronize();
  return copy;
}
template <class T>
std::vector<T> on_host(const cuda::Buffer<T>& buffer) {
  return on_host(buffer.data(), buffer.size());
}

}  // namespace musicgen::test
