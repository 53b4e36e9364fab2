// bfloat16: the upper half of a float.
#pragma once

#include <bit>
#include <cstdint>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Rounded to nearest, ties to even; NaN stays NaN.
inline std::uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if (x != x) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}
inline float from_bf16(std::uint16_t x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16);
}

}  // namespace musicgen::inline MUSICGEN_ABI
