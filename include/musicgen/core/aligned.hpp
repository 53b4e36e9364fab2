// Memory aligned to cache lines, and to large pages where there is much of it.
#pragma once

#include <sys/mman.h>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// For containers whose memory starts on a cache line.
template <class T>
struct CacheLineAllocator {
  using value_type = T;
  CacheLineAllocator() = default;
  template <class U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{64})); }
  void deallocate(T* p, std::size_t) { ::operator delete (p, std::align_val_t{64}); }
  bool operator==(const CacheLineAllocator&) const { return true; }
};
template <class T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

/// `count` numbers, initially zero.
template <class T>
class AlignedArray {
 public:
  AlignedArray() = default;
  /// @throws std::bad_alloc
  explicit AlignedArray(std::size_t count) : count_(count) {
    constexpr std::size_t line = 64, page = std::size_t{1} << 21;
    if (count > (SIZE_MAX - page) / sizeof(T)) throw std::bad_alloc();
    const std::size_t bytes = count * sizeof(T), alignment = bytes < 2 * page ? line : page;
    const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
    data_.reset(static_cast<T*>(std::aligned_alloc(alignment, std::max(whole, alignment))));
    if (!data_) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
    if (alignment == page) ::madvise(data_.get(), whole, MADV_HUGEPAGE);  // a hint: fewer page tables to walk
#endif
    std::uninitialized_fill_n(data_.get(), count, T{});
  }
  AlignedArray(AlignedArray&& other) noexcept : data_(std::move(other.data_)), count_(std::exchange(other.count_, 0)) {}
  AlignedArray& operator=(AlignedArray&& other) noexcept {
    data_ = std::move(other.data_);
    count_ = std::exchange(other.count_, 0);
    return *this;
  }

  T* data() {
    return data_.get();
  }
  const T* data() const {
    return data_.get();
  }
  std::size_t size() const {
    return count_;
  }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t count_ = 0;
};

}  // namespace musicgen::inline MUSICGEN_ABI
