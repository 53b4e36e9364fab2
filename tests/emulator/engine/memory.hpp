// Shared memory of a block.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace musicgen::emulator {

/// Bytes that end, up to alignment to 16, where a protected page begins; there is another protected page in front.
class GuardedBuffer {
 public:
  explicit GuardedBuffer(std::size_t bytes);
  ~GuardedBuffer();
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  char* data() const { return data_; }
  std::size_t size() const { return size_; }

  /// Sets all bits: NaN in each format of floating-point numbers, and an index that leads far out.
  void poison();
  /// Whether nothing has been written between the bytes and the protected pages.
  bool surroundings_are_untouched() const;
  /// Whether `address` is in this mapping.
  bool is_near(const void* address) const { return address >= mapping_ && address < mapping_ + mapped_; }
  /// How far outside the bytes `address` is; negative if in front.
  std::ptrdiff_t bytes_outside(const void* address) const;
  bool holds(const void* memory, std::size_t bytes) const {
    const auto* at = static_cast<const char*>(memory);
    return at >= data_ && at + bytes <= data_ + size_;
  }

 private:
  char* mapping_ = nullptr;
  std::size_t mapped_ = 0;
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// An array in shared memory; dynamic shared memory is one without a name.
class SharedArray : public GuardedBuffer {
 public:
  /// The state of a byte since the block began.
  enum Byte : unsigned char {
    unwritten,
    awaited,
    written
  };  // awaited: the destination of a copy that has not been waited for

  SharedArray(const char* name, std::size_t bytes) : GuardedBuffer(bytes), name_(name), bytes_(bytes) {}

  const char* name() const { return name_; }
  /// "shared array "parts" of 64 bytes"
  std::string described() const;

  void poison();
  void note(const void* memory, std::size_t bytes, Byte what) { std::memset(&bytes_[offset(memory)], what, bytes); }
  Byte byte(const void* address) const { return bytes_[offset(address)]; }
  std::size_t offset(const void* address) const {
    return static_cast<std::size_t>(static_cast<const char*>(address) - data());
  }

 private:
  const char* name_;
  std::vector<Byte> bytes_;
};

class SharedMemory {
 public:
  static constexpr std::size_t most = 227 * 1024;        // of compute capability 9.0
  static constexpr std::size_t most_static = 48 * 1024;  // nvcc's limit for declarations

  explicit SharedMemory(std::size_t dynamic_bytes) { declare(nullptr, dynamic_bytes); }

  void poison();
  char* dynamic() const { return arrays_[0]->data(); }
  /// @return  nullptr if there is no array of that name yet
  char* find(const char* name) const;
  char* declare(const char* name, std::size_t bytes);
  bool has_room_for(std::size_t bytes) const;

  /// The array that `address` is in or close to; nullptr if there is none.
  SharedArray* near(const void* address) const {
    for (const auto& array : arrays_)
      if (array->is_near(address)) return array.get();
    return nullptr;
  }
  bool contains(const void* memory, std::size_t bytes) const;
  /// "4 bytes after the end of dynamic shared memory of 1024 bytes", or nothing.
  std::string explain(const void* address) const;
  /// Which array something was written close to; or nothing.
  std::string explain_damage() const;

 private:
  std::size_t static_bytes() const;

  std::vector<std::unique_ptr<SharedArray>> arrays_;  // dynamic shared memory is the first
};

}  // namespace musicgen::emulator
