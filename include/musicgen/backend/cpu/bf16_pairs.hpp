// Pairs of bf16 in a word, for both factors of a product: an option of training.
//
//   sum += high(x) high(w) + low(x) low(w)        products exact, sums in fp32
//
// A word holds two successive k, the even one in its lower half. AVX-512 BF16 has an instruction for it; elsewhere the
// halves are first converted to floats, which is no faster than fp32. Both give the same sums, except for numbers under
// 1.2e-38, which the instruction takes for 0.
#pragma once

#include <cstdint>
#include <cstring>

#include "../../core/config.hpp"
#include "matrix.hpp"
#include "number_formats.hpp"
#include "simd/elementwise.hpp"
#include "simd/vector.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu::detail {

struct Bf16Pairs {
  using Word = std::uint32_t;
  using Input = std::uint32_t;
  static constexpr Index per_word = 2;

  template <int Bytes>
  struct Multiplier {
    float low, high;
    [[gnu::always_inline]] inline explicit Multiplier(const Input* from)
        : low(from_bf16(static_cast<std::uint16_t>(*from))), high(from_bf16(static_cast<std::uint16_t>(*from >> 16))) {}
    [[gnu::always_inline]] inline void add(simd::Vector<float, Bytes>& sum, const simd::Vector<Word, Bytes>& w) const {
      const simd::Vector<Word, Bytes> low_bits = w << 16, high_bits = w & 0xffff0000u;
      simd::Vector<float, Bytes> low_w, high_w;
      std::memcpy(&low_w, &low_bits, sizeof low_w);
      std::memcpy(&high_w, &high_bits, sizeof high_w);
      sum = high * high_w + sum;
      sum = low * low_w + sum;
    }
  };
};

#if defined(__x86_64__)
/// VDPBF16PS, for processors that have it; on others, Packed uses vectors of 32 bytes.
template <>
struct Bf16Pairs::Multiplier<64> {
  static constexpr int bytes = simd::assembly_bytes(64), parts = 64 / bytes;
  using Words = simd::Vector<std::uint32_t, bytes>;
  Words x;
  [[gnu::always_inline]] inline explicit Multiplier(const Input* from) {
    asm("vpbroadcastd {%1, %0|%0, %1}" : "=v"(x) : "m"(*from));  // g++ 12 makes sixteen instructions of Words{} + *from
  }
  [[gnu::always_inline]] inline void add(simd::Vector<float, 64>& sum, const simd::Vector<Word, 64>& w) const {
    Words weights[parts], sums[parts];
    std::memcpy(weights, &w, sizeof w);
    std::memcpy(sums, &sum, sizeof sum);
#pragma GCC unroll 8
    for (int i = 0; i < parts; ++i) asm("vdpbf16ps {%2, %1, %0|%0, %1, %2}" : "+v"(sums[i]) : "v"(x), "v"(weights[i]));
    std::memcpy(&sum, sums, sizeof sum);
  }
};
#endif

/// Like to_bf16(), in the upper half of each lane; the lower half is arbitrary.
template <int Bytes>
[[gnu::always_inline]] inline void round_to_bf16(const simd::Vector<float, Bytes>& x,
                                                 simd::Vector<std::uint32_t, Bytes>& rounded) {
  std::memcpy(&rounded, &x, sizeof x);
  const simd::Vector<std::uint32_t, Bytes> quiet = rounded | 0x400000u;
  const auto is_nan = (rounded & 0x7fffffffu) > 0x7f800000u;
  rounded += 0x7fffu + (rounded >> 16 & 1u);
  rounded = is_nan ? quiet : rounded;
}

/// words[i] = (low[i], high[i]): two rows with successive k.
struct PairRowsAt {
  template <int Bytes>
  [[gnu::always_inline]] inline static void at(Index i, Index count, const float* low, const float* high,
                                               std::uint32_t* words) {
    simd::Vector<float, Bytes> a, b;
    simd::load_part(a, low + i, count);
    simd::load_part(b, high + i, count);
    simd::Vector<std::uint32_t, Bytes> a_bits, b_bits;
    round_to_bf16<Bytes>(a, a_bits);
    round_to_bf16<Bytes>(b, b_bits);
    const simd::Vector<std::uint32_t, Bytes> both = a_bits >> 16 | (b_bits & 0xffff0000u);
    simd::store_part(both, words + i, count);
  }
};
inline void pair_rows(Index n, const float* low, const float* high, std::uint32_t* words) {
  simd::run<simd::OverRow<float, PairRowsAt>>(n, low, high, words);
}

inline std::uint32_t bf16_pair(float low, float high) {
  return static_cast<std::uint32_t>(to_bf16(low)) | static_cast<std::uint32_t>(to_bf16(high)) << 16;
}

/// words[i] = (x[2i], x[2i+1]): k runs along the row. An odd last element is paired with 0.
struct PairAlongRow {
  template <int Bytes>
  [[gnu::always_inline]] inline static void run(Index n, const float* x, std::uint32_t* words) {
    constexpr Index width = simd::lanes<float, Bytes>;
    using Pairs = simd::Vector<std::uint64_t, Bytes>;
    Index i = 0;
    for (; i + width <= n; i += width) {
      simd::Vector<float, Bytes> v;
      simd::Vector<std::uint32_t, Bytes> bits;
      simd::load(v, x + i);
      round_to_bf16<Bytes>(v, bits);
      Pairs pairs;
      std::memcpy(&pairs, &bits, sizeof pairs);
      pairs = (pairs >> 16 & 0xffffu) | (pairs >> 32 & 0xffff0000u);
      const auto narrow = __builtin_convertvector(pairs, simd::Vector<std::uint32_t, Bytes / 2>);
      std::memcpy(words + i / 2, &narrow, sizeof narrow);
    }
    for (; i + 1 < n; i += 2) words[i / 2] = bf16_pair(x[i], x[i + 1]);
    if (i < n) words[i / 2] = bf16_pair(x[i], 0);
  }
};
inline void pair_along_row(Index n, const float* x, std::uint32_t* words) {
  simd::run<PairAlongRow>(n, x, words);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu::detail
