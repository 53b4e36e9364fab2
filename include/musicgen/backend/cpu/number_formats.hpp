// How sampling stores its weights: as they are, in bf16, or in int8; fewer bytes are read faster.
//
// A vector of weights has one lane per column, and a lane holds a word of as many successive rows as fit: one float,
// two bf16, four int8. Each format defines how a word is made, and how it is multiplied by inputs:
//
//   bf16  the upper half of a float, rounded to nearest, ties to even; the arithmetic is fp32
//   int8  w ~ s q with s = max |w| / 127 of the column; the inputs, which are in [-1, 1], are round(127 x); sums are
//         exact in int32
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "../../core/bf16.hpp"
#include "../../core/config.hpp"
#include "matrix.hpp"
#include "simd/vector.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

namespace detail {

/// One weight per word, of the model's own type.
template <class Scalar>
struct PlainWords {
  using Word = Scalar;
  using Input = Scalar;
  using Sum = Scalar;
  static constexpr Index per_word = 1, words_a_block = 256;  // the blocks of product.hpp, for the same sums

  static Word word(const Scalar* w, Scalar) { return w[0]; }

  template <int Bytes>
  struct Multiplier {
    Scalar x;
    [[gnu::always_inline]] inline explicit Multiplier(const Input* from) : x(*from) {}
    [[gnu::always_inline]] inline void add(simd::Vector<Sum, Bytes>& sum, const simd::Vector<Word, Bytes>& w) const {
      sum = x * w + sum;
    }
  };
};

struct Bf16Words {
  using Word = std::uint32_t;
  using Input = float;
  using Sum = float;
  static constexpr Index per_word = 2, words_a_block = 128;

  static Word word(const float* w, float) {
    return static_cast<Word>(to_bf16(w[0])) | static_cast<Word>(to_bf16(w[1])) << 16;
  }

  template <int Bytes>
  struct Multiplier {
    float first, second;
    [[gnu::always_inline]] inline explicit Multiplier(const Input* from) : first(from[0]), second(from[1]) {}
    [[gnu::always_inline]] inline void add(simd::Vector<Sum, Bytes>& sum, const simd::Vector<Word, Bytes>& w) const {
      const simd::Vector<Word, Bytes> low = w << 16, high = w & 0xffff0000u;
      simd::Vector<float, Bytes> a, b;
      std::memcpy(&a, &low, sizeof a);
      std::memcpy(&b, &high, sizeof b);
      sum = first * a + sum;
      sum = second * b + sum;
    }
  };
};

struct Int8Words {
  using Word = std::uint32_t;
  using Input = std::int8_t;
  using Sum = std::int32_t;
  static constexpr Index per_word = 4, words_a_block = Index{1} << 40;  // one block: sums are exact

  /// @param scale  127 / max |w|
  static Word word(const float* w, float scale) {
    Word word = 0;
    for (int i = 0; i < 4; ++i) word |= static_cast<Word>(static_cast<std::uint8_t>(std::lrint(w[i] * scale))) << 8 * i;
    return word;
  }

  /// Four inputs, to be multiplied by four weights in each lane.
  template <int Bytes>
  struct Multiplier {
    std::uint32_t x;
    [[gnu::always_inline]] inline explicit Multiplier(const Input* from) { std::memcpy(&x, from, sizeof x); }
    [[gnu::always_inline]] inline void add(simd::Vector<Sum, Bytes>& sum, const simd::Vector<Word, Bytes>& w) const {
      for (int i = 0; i < 4; ++i) {
        const simd::Vector<Word, Bytes> up = w << (24 - 8 * i);
        simd::Vector<Sum, Bytes> weight;
        std::memcpy(&weight, &up, sizeof up);
        sum += (weight >> 24) * static_cast<std::int32_t>(static_cast<std::int8_t>(x >> 8 * i));
      }
    }
  };
};

#if defined(__x86_64__)
// The compilers' vectors have no product of bytes, so it is in assembly.

/// AVX2 multiplies unsigned by signed bytes: here |x| by w with the sign of x. The sum of two products of at most 127^2
/// fits into its 16 bits.
template <>
struct Int8Words::Multiplier<32> {
  static constexpr int bytes = simd::assembly_bytes(32), parts = 32 / bytes;
  using Words = simd::Vector<std::uint32_t, bytes>;
  Words x, magnitude, ones;
  [[gnu::always_inline]] inline explicit Multiplier(const Input* from) {
    std::uint32_t word;
    std::memcpy(&word, from, sizeof word);
    x = Words{} + word;
    asm("vpabsb {%1, %0|%0, %1}" : "=x"(magnitude) : "x"(x));
    ones = Words{} + 0x00010001u;  // 16 bits each
  }
  [[gnu::always_inline]] inline void add(simd::Vector<Sum, 32>& sum, const simd::Vector<Word, 32>& w) const {
    Words weights[parts], products[parts];
    std::memcpy(weights, &w, sizeof w);
#pragma GCC unroll 8
    for (int i = 0; i < parts; ++i) {
      Words v;
      asm("vpsignb {%2, %1, %0|%0, %1, %2}" : "=x"(v) : "x"(weights[i]), "x"(x));
      asm("vpmaddubsw {%2, %1, %0|%0, %1, %2}" : "=x"(v) : "x"(magnitude), "x"(v));
      asm("vpmaddwd {%2, %1, %0|%0, %1, %2}" : "=x"(products[i]) : "x"(v), "x"(ones));
    }
    simd::Vector<Sum, 32> more;
    std::memcpy(&more, products, sizeof more);
    sum += more;
  }
};
/// AVX-512 VNNI multiplies unsigned by signed bytes and adds all four: here x + 128, so that sums begin at -128 times
/// the sum of the weights.
template <>
struct Int8Words::Multiplier<64> {
  static constexpr int bytes = simd::assembly_bytes(64), parts = 64 / bytes;
  using Words = simd::Vector<std::uint32_t, bytes>;
  Words x;
  [[gnu::always_inline]] inline explicit Multiplier(const Input* from) {
    std::uint32_t word;
    std::memcpy(&word, from, sizeof word);
    x = Words{} + (word ^ 0x80808080u);
  }
  [[gnu::always_inline]] inline void add(simd::Vector<Sum, 64>& sum, const simd::Vector<Word, 64>& w) const {
    Words weights[parts], sums[parts];
    std::memcpy(weights, &w, sizeof w);
    std::memcpy(sums, &sum, sizeof sum);
#pragma GCC unroll 8
    for (int i = 0; i < parts; ++i) asm("vpdpbusd {%2, %1, %0|%0, %1, %2}" : "+v"(sums[i]) : "v"(x), "v"(weights[i]));
    std::memcpy(&sum, sums, sizeof sum);
  }
};
#endif

}  // namespace detail

/// Inputs of int8 products: to = round(127 x), x in [-1, 1].
struct QuantizeRow {
  template <int Bytes>
  [[gnu::always_inline]] inline static void run(Index count, const float* x, std::int8_t* to) {
    constexpr Index width = simd::lanes<float, Bytes>;
    constexpr float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer, kept in the low bits
    Index i = 0;
    for (; i + width <= count; i += width) {
      simd::Vector<float, Bytes> v;
      simd::load(v, x + i);
      v = v * 127.0f + magic;
      simd::Vector<std::int32_t, Bytes> bits;
      std::memcpy(&bits, &v, sizeof bits);
      const auto bytes = __builtin_convertvector(bits, simd::Vector<std::int8_t, Bytes / 4>);
      std::memcpy(to + i, &bytes, sizeof bytes);
    }
    for (; i < count; ++i) to[i] = static_cast<std::int8_t>(std::bit_cast<std::int32_t>(x[i] * 127.0f + magic));
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
