// How the two factors of a product are laid out for its tiles: A in strips of a tile's rows, B in panels of a tile's
// columns, as words of one k or, in bf16, of two (if K is odd, the last one's upper half is 0).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "../../core/config.hpp"
#include "bf16_pairs.hpp"
#include "matrix.hpp"
#include "product_tile.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu::detail {

inline constexpr Index block_k = 256;    // a panel's block, 24 or 32 KB, stays in the first-level cache
inline constexpr Index block_rows = 64;  // a packed block of A, 64 KB, stays in the second-level cache

/// Words for K successive elements.
template <class Format>
Index words_of(Index K) {
  return (K + Format::per_word - 1) / Format::per_word;
}

/// A block of A for the tiles: the first strip, and the step from one strip to the next.
template <class Word>
struct Strips {
  Strip<Word> first;
  Index step;
};

/// Memory for the block of A that the calling thread works on.
template <class Word>
Word* strip_memory() {
  thread_local std::array<Word, block_rows * block_k>
      words;  // not a vector: threads that wait for each other must not throw
  return words.data();
}

/// Packs rows of A, which is a transpose, in strips, each k by k; the last strip may have fewer rows.
template <class Scalar>
void pack_strips(View<const Scalar> a, Index strip_rows, Scalar* to) {
  // Eight k at a time: these stay in the first-level cache for all strips, even if the stride is a power of two and
  // they compete for the same places there.
  constexpr Index run = 8;
  for (Index first = 0; first < a.columns; first += run) {
    const Index last = std::min(first + run, a.columns);
    for (Index i = 0; i < a.rows; i += strip_rows) {
      const Index rows = std::min(strip_rows, a.rows - i);
      Scalar* strip = to + i * a.columns + first * strip_rows;
      const Scalar* from = a.data + i * a.row_stride + first * a.column_stride;
      if (a.row_stride == 1 && rows == strip_rows) {
        for (Index k = first; k < last; ++k, from += a.column_stride, strip += strip_rows)
          for (Index r = 0; r < strip_rows; r += 4) std::copy_n(from + r, 4, strip + r);
      } else {
        for (Index k = first; k < last; ++k, from += a.column_stride, strip += strip_rows)
          for (Index r = 0; r < rows; ++r) strip[r] = from[r * a.row_stride];
      }
    }
  }
}

/// In place if k is contiguous in memory; otherwise packed.
template <class Scalar>
Strips<Scalar> strips_of(View<const Scalar> block, Index strip_rows, PlainWords<Scalar>) {
  if (block.column_stride == 1) return {{block.data, block.row_stride, 1}, strip_rows * block.row_stride};
  Scalar* to = strip_memory<Scalar>();
  pack_strips<Scalar>(block, strip_rows, to);
  return {{to, 1, strip_rows}, strip_rows * block.columns};
}

/// The words (low[r], high[r]) of `rows` rows, at any stride.
inline void pair_columns(Index rows, const float* low, const float* high, Index stride, std::uint32_t* words) {
  if (stride == 1) return pair_rows(rows, low, high, words);
  for (Index r = 0; r < rows; ++r) words[r] = bf16_pair(low[r * stride], high[r * stride]);
}

inline Strips<std::uint32_t> strips_of(View<const float> block, Index strip_rows, Bf16Pairs) {
  const Index K = words_of<Bf16Pairs>(block.columns);
  std::uint32_t* to = strip_memory<std::uint32_t>();
  if (block.column_stride == 1) {
    for (Index r = 0; r < block.rows; ++r) pair_along_row(block.columns, block.data + r * block.row_stride, to + r * K);
    return {{to, K, 1}, strip_rows * K};
  }
  for (Index k = 0; k < K; ++k) {
    const float* low = block.data + 2 * k * block.column_stride;
    std::uint32_t words[block_rows];
    if (2 * k + 1 < block.columns)
      pair_columns(block.rows, low, low + block.column_stride, block.row_stride, words);
    else
      for (Index r = 0; r < block.rows; ++r) words[r] = bf16_pair(low[r * block.row_stride], 0);
    for (Index i = 0; i < block.rows; i += strip_rows)
      std::copy_n(words + i, std::min(strip_rows, block.rows - i), to + i * K + k * strip_rows);
  }
  return {{to, 1, strip_rows}, strip_rows * K};
}

/// Packs a panel of B: word after word along k, `width` columns each, zeros past B's last column.
/// @param b  (K, at most `width`), any strides
template <class Scalar>
void pack_panel(View<const Scalar> b, Index width, Scalar* to, PlainWords<Scalar>) {
  for (Index k = 0; k < b.rows; ++k, to += width) {
    const Scalar* from = b.data + k * b.row_stride;
    for (Index n = 0; n < b.columns; ++n) to[n] = from[n * b.column_stride];
    std::fill(to + b.columns, to + width, Scalar(0));
  }
}
inline void pack_panel(View<const float> b, Index width, std::uint32_t* to, Bf16Pairs) {
  for (Index k = 0; k < b.rows; k += 2, to += width) {
    const float* low = b.data + k * b.row_stride;
    if (k + 1 < b.rows)
      pair_columns(b.columns, low, low + b.row_stride, b.column_stride, to);
    else
      for (Index n = 0; n < b.columns; ++n) to[n] = bf16_pair(low[n * b.column_stride], 0);
    std::fill(to + b.columns, to + width, 0u);
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu::detail
