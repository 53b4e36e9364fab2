// One vector against many rows, stored as plain numbers, in bf16 or as bytes: the arithmetic of attention over a ring
// of outputs.
//
// Rows are padded with zeros to whole groups of 32 elements. In bf16 a group is 16 words: the lower half of word i is
// element i, the upper half element i + 16, so that one vector of words becomes two of floats by a shift and a mask.
// Bytes are read as integers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "../../../core/config.hpp"
#include "dispatch.hpp"
#include "elementwise.hpp"
#include "vector.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu::simd {

inline constexpr Index group = 32;

/// The padded length of a row of `n` elements.
inline Index padded(Index n) {
  return (n + group - 1) / group * group;
}

/// Loads elements first ... and first+16 ... of a row; `first` is in the lower half of a group.
template <class V, class Scalar>
[[gnu::always_inline]] inline void load_pair(V& low, V& high, const Scalar* row, Index first) {
  load(low, row + first);
  load(high, row + first + group / 2);
}
template <class V>
[[gnu::always_inline]] inline void load_pair(V& low, V& high, const std::uint32_t* row, Index first) {
  Vector<std::uint32_t, sizeof(V)> words;
  load(words, row + first / group * (group / 2) + first % group);
  const auto below = words << 16, above = words & 0xffff0000u;
  std::memcpy(&low, &below, sizeof low);
  std::memcpy(&high, &above, sizeof high);
}
template <class V>
[[gnu::always_inline]] inline void load_bytes(V& v, const std::int8_t* from) {
  Vector<std::int32_t, sizeof(V)> whole;
#if defined(__x86_64__)
  if constexpr (sizeof(V) > 16) {
    constexpr int bytes = assembly_bytes(sizeof(V)), parts = static_cast<int>(sizeof(V)) / bytes;
    Vector<std::int32_t, bytes> part[std::size_t{parts}];
#pragma GCC unroll 8
    for (int i = 0; i < parts; ++i)  // the compilers' own conversion takes the bytes one by one
      asm("vpmovsxbd {%1, %0|%0, %1}"
          : "=v"(part[i])
          : "m"(*reinterpret_cast<const std::array<std::int8_t, std::size_t{bytes / 4}>*>(from + i * bytes / 4)));
    std::memcpy(&whole, part, sizeof whole);
  } else
#endif
    for (int i = 0; i < lanes<std::int32_t, sizeof(V)>; ++i) whole[i] = std::int32_t{from[i]};
  v = __builtin_convertvector(whole, V);
}
template <class V>
[[gnu::always_inline]] inline void load_pair(V& low, V& high, const std::int8_t* row, Index first) {
  load_bytes(low, row + first);
  load_bytes(high, row + first + group / 2);
}
/// The distance between rows, in stored elements.
template <class Stored>
constexpr Index row_stride(Index padded) {
  return std::is_same_v<Stored, std::uint32_t> ? padded / 2 : padded;
}

/// The sum of a vector's elements: halves are added until there are two.
template <class Scalar, int Bytes>
[[gnu::always_inline]] inline Scalar sum_of(const Vector<Scalar, Bytes>& v) {
  if constexpr (lanes<Scalar, Bytes> == 2) {
    return v[0] + v[1];
  } else {
    Vector<Scalar, Bytes / 2> halves[2];
    std::memcpy(halves, &v, sizeof v);
    const Vector<Scalar, Bytes / 2> both = halves[0] + halves[1];
    return sum_of<Scalar, Bytes / 2>(both);
  }
}

/// scores[s] := rows[s] . q  for `count` rows; four rows at a time share the loads of q.
/// @param n  of a row and of q, padded
template <class Scalar>
struct Dots {
  template <int Bytes, class Stored>
  [[gnu::always_inline]] inline static void run(Index count, Index n, const Stored* rows, const Scalar* q,
                                                Scalar* scores) {
    const Index stride = row_stride<Stored>(n);
    Index s = 0;
    for (; s + 4 <= count; s += 4) dot_rows<Bytes, 4>(n, rows + s * stride, q, scores + s);
    for (; s < count; ++s) dot_rows<Bytes, 1>(n, rows + s * stride, q, scores + s);
  }

 private:
  template <int Bytes, int R, class Stored>
  [[gnu::always_inline]] inline static void dot_rows(Index n, const Stored* rows, const Scalar* q, Scalar* scores) {
    using V = Vector<Scalar, Bytes>;
    const Index stride = row_stride<Stored>(n);
    // Rows are contiguous: each turn prefetches what comes eight rows later, even past the last row.
    constexpr std::uintptr_t element = std::is_same_v<Stored, std::uint32_t> ? 2 : sizeof(Stored), line = 64;
    constexpr std::uintptr_t a_turn = element * R * 2 * lanes<Scalar, Bytes>;
    auto later = reinterpret_cast<std::uintptr_t>(rows) + element * 8 * static_cast<std::uintptr_t>(n);
    V even[std::size_t{R}] = {}, odd[std::size_t{R}] = {};
    for (Index first = 0; first < n; first += group)
      for (Index i = first; i < first + group / 2; i += lanes<Scalar, Bytes>) {
        for (std::uintptr_t at = 0; at < a_turn; at += line)
          __builtin_prefetch(reinterpret_cast<const void*>(later + at));  // NOLINT(performance-no-int-to-ptr)
        later += a_turn;
        V q_low, q_high;
        load_pair(q_low, q_high, q, i);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
          V low, high;
          load_pair(low, high, rows + r * stride, i);
          even[r] = low * q_low + even[r];
          odd[r] = high * q_high + odd[r];
        }
      }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      even[r] += odd[r];
      scores[r] = sum_of<Scalar, Bytes>(even[r]);
    }
  }
};

/// y (n) := sum_s a[s] rows[s], some groups of y in registers while s runs.
/// @param n  of a row and of y, padded
template <class Scalar>
struct WeightedSum {
  template <int Bytes, class Stored>
  [[gnu::always_inline]] inline static void run(Index count, Index n, const Stored* rows, const Scalar* a, Scalar* y) {
    constexpr int at_once = lanes<Scalar, Bytes> <= 4 ? 1 : lanes<Scalar, Bytes> / 4;  // eight vectors, if there are
    Index first = 0;
    for (; first + at_once * group <= n; first += at_once * group) groups<Bytes, at_once>(count, n, rows, a, y, first);
    for (; first < n; first += group) groups<Bytes, 1>(count, n, rows, a, y, first);
  }

 private:
  template <int Bytes, int Groups, class Stored>
  [[gnu::always_inline]] inline static void groups(Index count, Index n, const Stored* rows, const Scalar* a, Scalar* y,
                                                   Index first) {
    constexpr int width = lanes<Scalar, Bytes>, pairs = group / 2 / width;
    using V = Vector<Scalar, Bytes>;
    const Index stride = row_stride<Stored>(n);
    V sums[std::size_t{Groups * pairs}][2] = {};
    for (Index s = 0; s < count; ++s, rows += stride) {
      const Scalar weight = a[s];
#pragma GCC unroll 8
      for (int j = 0; j < Groups * pairs; ++j) {
        V low, high;
        load_pair(low, high, rows, first + j / pairs * group + j % pairs * width);
        sums[j][0] = weight * low + sums[j][0];
        sums[j][1] = weight * high + sums[j][1];
      }
    }
#pragma GCC unroll 8
    for (int j = 0; j < Groups * pairs; ++j) {
      Scalar* to = y + first + j / pairs * group + j % pairs * width;
      store(sums[j][0], to);
      store(sums[j][1], to + group / 2);
    }
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI::cpu::simd
