// The device's memory, and the order of its work. Uses nothing of CUDA: the functions declared here are in
// kernels/runtime.cu for a GPU, and in tests/emulator/runtime.cpp for the emulator.
//
// A process has one stream. The device performs all requests there, in order, while the host goes on; memory is
// allocated and released in the same order, so it may be released while kernels still use it.
#pragma once

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include "../../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

using Stream = struct StreamHandle*;

/// @return  why there is no device to compute on, one line; empty if there is one
std::string why_not_available();
/// Its name and memory, one line. @throws Error  if there is none
std::string device_name();

/// The process's only stream. @throws Error  if there is no device
Stream stream();
/// Waits until all requests are done. @throws Error  for what went wrong meanwhile
void synchronize();

/// Memory of the device, aligned to 256 bytes. @throws Error  if there is too little, or work is being recorded
void* allocate(std::size_t bytes);
/// @param bytes  as given to allocate()
void release(void* memory, std::size_t bytes) noexcept;
/// How often allocate() has been called so far.
std::size_t allocations();
/// Bytes allocated and not yet released.
std::size_t bytes_in_use();
/// The most device memory that the process has held at a time, by the device's own account.
std::size_t peak_bytes();
/// Host memory that the device can copy from and to by itself. Not in stream order.
void* allocate_host(std::size_t bytes);
void release_host(void* memory) noexcept;

/// Between any memory and any other. Host memory that is not from allocate_host may be reused at once.
void copy(void* to, const void* from, std::size_t bytes);
void set_zero(void* memory, std::size_t bytes);

/// `size()` numbers in the device's memory, which is kept when the size shrinks. Copies copy the numbers.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) { resize(size); }
  Buffer(const Buffer& other) : Buffer() { *this = other; }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(const Buffer& other) {
    if (this == &other) return *this;
    resize(other.size_);
    if (size_ > 0) copy(data_, other.data_, size_ * sizeof(T));
    return *this;
  }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() { release(data_, capacity_ * sizeof(T)); }

  /// Loses the old values.
  void resize(std::size_t size) {
    if (size > capacity_) {
      release(std::exchange(data_, nullptr), capacity_ * sizeof(T));
      capacity_ = size_ = 0;
      data_ = static_cast<T*>(allocate(size * sizeof(T)));
      capacity_ = size;
    }
    size_ = size;
  }
  void set_zero() {
    if (size_ > 0) cuda::set_zero(data_, size_ * sizeof(T));
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  T* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

/// The same in the host's memory, for what goes to or comes from the device in each step. Copies begin empty.
template <class T>
class HostBuffer {
 public:
  HostBuffer() = default;
  HostBuffer(const HostBuffer&) {}
  HostBuffer(HostBuffer&& other) noexcept { swap(other); }
  HostBuffer& operator=(HostBuffer other) noexcept {
    swap(other);
    return *this;
  }
  ~HostBuffer() { release_host(data_); }

  void resize(std::size_t size) {
    if (size > capacity_) {
      release_host(std::exchange(data_, nullptr));
      capacity_ = size_ = 0;
      data_ = static_cast<T*>(allocate_host(size * sizeof(T)));
      capacity_ = size;
    }
    size_ = size;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

 private:
  void swap(HostBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  T* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
