// Vectors of a given number of bytes, by the compilers' own extension, and the few functions that the layers need.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "../../../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu::simd {

template <class Scalar, int Bytes>
struct VectorOf {
  typedef Scalar type __attribute__((vector_size(Bytes)));  // NOLINT: `using` takes no such attribute in clang 14
};
template <class Scalar, int Bytes>
using Vector = typename VectorOf<Scalar, Bytes>::type;

template <class Scalar, int Bytes>
inline constexpr int lanes = Bytes / static_cast<int>(sizeof(Scalar));

/// Bytes of an inline-assembly operand for vectors of `bytes`. Clang accepts at most 16 in a function that is compiled
/// for any processor before it is inlined into one for this processor; there the vector is processed in parts.
constexpr int assembly_bytes(int bytes) {
#if defined(__clang__)
  return bytes < 16 ? bytes : 16;
#else
  return bytes;
#endif
}

// Vectors are passed by reference: passing them by value would depend on the caller's instruction set.
template <class V>
[[gnu::always_inline]] inline void load(V& v, const void* from) {
  std::memcpy(&v, from, sizeof v);
}
template <class V>
[[gnu::always_inline]] inline void store(const V& v, void* to) {
  std::memcpy(to, &v, sizeof v);
}

/// x := exp(x) in float, under 2 units in the last place; 0 below -87.3, clamped above 88.
///
/// exp(x) = 2^k exp(r) with k = round(x / ln 2), |r| <= ln 2 / 2, ln 2 in two parts (Cody and Waite), exp(r) by its
/// Taylor polynomial to r^7: the remainder r^8/8! is under 6e-9.
template <int Bytes>
[[gnu::always_inline]] inline void exp(Vector<float, Bytes>& x) {
  using F = Vector<float, Bytes>;
  using I = Vector<std::int32_t, Bytes>;
  const I underflows = x < -87.3f;
  x = x < -87.3f ? F{} - 87.3f : x;
  x = x > 88.0f ? F{} + 88.0f : x;
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
  const F shifted = x * 1.44269504088896341f + magic;
  const F k = shifted - magic;
  const F r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
  F p = r * (1.0f / 5040) + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  I bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 127) << 23;  // the bits of 2^k: magic's own vanish in the shift
  F power;
  std::memcpy(&power, &bits, sizeof power);
  x = underflows ? F{} : p * power;
}

/// x := 1 / (1 + exp(-x)), under 4 units in the last place.
template <int Bytes>
[[gnu::always_inline]] inline void sigmoid(Vector<float, Bytes>& x) {
  Vector<float, Bytes> e = -x;
  exp<Bytes>(e);
  x = 1.0f / (1.0f + e);
}

/// x := tanh(x), under 4 units in the last place.
///
/// Near 0, where 1 - 2/(exp(2x) + 1) would cancel, an odd polynomial (Cephes, tanhf.c: |x| < 0.625).
template <int Bytes>
[[gnu::always_inline]] inline void tanh(Vector<float, Bytes>& x) {
  using F = Vector<float, Bytes>;
  const F s = x * x;
  F p = s * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * s - 5.37397155531e-2f;
  p = p * s + 1.33314422036e-1f;
  p = p * s - 3.33332819422e-1f;
  p = p * s * x + x;
  F e = x + x;
  exp<Bytes>(e);
  const F q = 1.0f - 2.0f / (e + 1.0f);
  x = s < 0.625f * 0.625f ? p : q;
}

// In double the standard library's, lane by lane: double is for checking.
template <int Bytes>
[[gnu::always_inline]] inline void exp(Vector<double, Bytes>& x) {
  for (int i = 0; i < lanes<double, Bytes>; ++i) x[i] = std::exp(x[i]);
}
template <int Bytes>
[[gnu::always_inline]] inline void sigmoid(Vector<double, Bytes>& x) {
  for (int i = 0; i < lanes<double, Bytes>; ++i) x[i] = 1 / (1 + std::exp(-x[i]));
}
template <int Bytes>
[[gnu::always_inline]] inline void tanh(Vector<double, Bytes>& x) {
  for (int i = 0; i < lanes<double, Bytes>; ++i) x[i] = std::tanh(x[i]);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu::simd
