// Random numbers as a pure function of (seed, stream, counter): nothing to warm up, and only a few integers to save.
//
// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011): ten rounds of
// a keyed bijection on a 128-bit counter. The random numbers of training step n, row b, are those of stream (n, b);
// none of the earlier ones has to be drawn first.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {
/// The upper 64 bits of the 128-bit product.
inline std::uint64_t multiply_high(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(a) * b) >> 64);
}
}  // namespace detail

/// One Philox 4x32-10 block: the 128 random bits at `counter` under `key`.
inline std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter[0], b = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
  }
  return counter;
}

/// A stream of random numbers. Two streams with different (seed, stream) are independent; equal ones are equal.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  /// 32 uniform bits.
  std::uint32_t bits() {
    const std::uint64_t block = drawn_ / 4;
    if (drawn_ % 4 == 0)
      block_ = philox({low(block), high(block), low(stream_), high(stream_)}, {low(seed_), high(seed_)});
    return block_[drawn_++ % 4];
  }

  /// Uniform in [0, 1), 53 bits.
  double uniform() {
    const std::uint64_t top = bits() >> 5, bottom = bits() >> 6;
    return static_cast<double>((top << 26) | bottom) * 0x1p-53;
  }

  /// Uniform in {0, ..., n-1}, n > 0 (Lemire's multiplication, its bias under n / 2^64).
  std::uint64_t below(std::uint64_t n) {
    const std::uint64_t first = bits(), second = bits();
    return detail::multiply_high((first << 32) | second, n);
  }

  /// Uniform in {first, ..., last}.
  int between(int first, int last) {
    return first + static_cast<int>(below(static_cast<std::uint64_t>(last - first) + 1));
  }

  /// Normal with mean 0 and standard deviation 1 (Box and Muller, one of the pair).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

  bool operator==(const Random& other) const {
    return seed_ == other.seed_ && stream_ == other.stream_ && drawn_ == other.drawn_;
  }

 private:
  static std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
  static std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

  std::uint64_t seed_, stream_, drawn_ = 0;
  std::array<std::uint32_t, 4> block_{};
};

}  // namespace musicgen::inline MUSICGEN_ABI
