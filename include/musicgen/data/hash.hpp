// A hash that is the same on every machine, for splits and cache keys. It guards against accidents, not attackers.
// Internal: for definitions only.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Takes eight bytes at a time: xor, multiplication by an odd number, fold; finished by MurmurHash3's finalizer
/// (Appleby). A change within one piece of eight bytes always changes the hash.
class Hash {
 public:
  Hash& add(std::string_view bytes) {
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) mix(number(bytes.substr(0, 8)));
    if (!bytes.empty()) mix(number(bytes));
    return *this;
  }
  template <class Integer>
  requires std::is_integral_v<Integer> Hash& add(Integer value) {
    mix(static_cast<std::uint64_t>(value));
    return *this;
  }

  std::uint64_t value() const {
    std::uint64_t h = state_;
    h = (h ^ (h >> 33)) * 0xFF51AFD7ED558CCDu;
    h = (h ^ (h >> 33)) * 0xC4CEB9FE1A85EC53u;
    return h ^ (h >> 33);
  }

 private:
  /// Little-endian on every machine.
  static std::uint64_t number(std::string_view bytes) {
    std::uint64_t value = 0;
    if constexpr (std::endian::native == std::endian::little)
      std::memcpy(&value, bytes.data(), bytes.size());
    else
      for (std::size_t i = 0; i < bytes.size(); ++i)
        value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
    return value;
  }
  void mix(std::uint64_t word) {
    state_ = (state_ ^ word) * 0x9E3779B97F4A7C15u;
    state_ ^= state_ >> 32;
  }

  std::uint64_t state_ = 0xCBF29CE484222325u;
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
