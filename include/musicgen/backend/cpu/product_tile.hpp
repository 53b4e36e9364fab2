// The inner loops of products: a tile of C stays in registers while k runs.
//
// Both factors come as words of one or two successive k (number_formats.hpp); fp32, double and bf16 differ only in the
// multiplication of two words.
#pragma once

#include <cstddef>

#include "../../core/config.hpp"
#include "matrix.hpp"
#include "number_formats.hpp"
#include "simd/dispatch.hpp"
#include "simd/vector.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu::detail {

/// Rows of a tile and of a strip, vectors of a tile and of a panel.
constexpr Index tile_rows(int vector_bytes) {
  return vector_bytes == 64 ? 8 : 4;
}
constexpr Index tile_vectors(int vector_bytes) {
  return vector_bytes == 64 ? 2 : 3;
}

/// Rows of A: word (r, k) is data[r * row_stride + k * column_stride].
template <class Word>
struct Strip {
  const Word* data;
  Index row_stride, column_stride;
};

/// C tile (Rows, J vectors) (+)= strip (Rows, K words) panel (K words, J vectors); columns beyond C are not written.
template <class Format, int Bytes, int Rows, class Scalar>
[[gnu::always_inline]] inline void product_tile(Index K, Strip<typename Format::Input> a,
                                                const typename Format::Word* b, Scalar* c, Index c_stride,
                                                Index columns, bool add) {
  using V = simd::Vector<Scalar, Bytes>;
  using Multiplier = typename Format::template Multiplier<Bytes>;
  constexpr int width = simd::lanes<Scalar, Bytes>, J = static_cast<int>(tile_vectors(Bytes));
  V sum[std::size_t{Rows}][std::size_t{J}] = {};
  const typename Format::Input* row_of_a[std::size_t{Rows}];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) row_of_a[r] = a.data + r * a.row_stride;
  for (Index k = 0, i = 0; k < K; ++k, i += a.column_stride, b += J * width) {
    simd::Vector<typename Format::Word, Bytes> row[std::size_t{J}];
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) simd::load(row[j], b + j * width);
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < J; ++j) Multiplier(row_of_a[r] + i).add(sum[r][j], row[j]);
  }
  if (columns == J * width) {
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 8
      for (int j = 0; j < J; ++j) {
        Scalar* to = c + r * c_stride + j * width;
        V old = {};
        if (add) simd::load(old, to);
        old += sum[r][j];
        simd::store(old, to);
      }
    return;
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    Scalar line[std::size_t{J * width}];
#pragma GCC unroll 8
    for (int j = 0; j < J; ++j) simd::store(sum[r][j], line + j * width);
    for (Index n = 0; n < columns; ++n) c[r * c_stride + n] = (add ? c[r * c_stride + n] : Scalar(0)) + line[n];
  }
}

/// All rows of a block of A against one panel's block.
template <class Format, class Scalar>
struct ProductBlock {
  template <int Bytes>
  [[gnu::always_inline]] inline static void run(Index M, Index K, Strip<typename Format::Input> a, Index a_step,
                                                const typename Format::Word* b, Scalar* c, Index c_stride,
                                                Index columns, bool add) {
    constexpr int R = static_cast<int>(tile_rows(Bytes));
    for (; M >= R; M -= R, a.data += a_step, c += R * c_stride)
      product_tile<Format, Bytes, R>(K, a, b, c, c_stride, columns, add);
    if (R > 4 && M >= 4) {
      product_tile<Format, Bytes, 4>(K, a, b, c, c_stride, columns, add);
      M -= 4;
      a.data += 4 * a.row_stride;
      c += 4 * c_stride;
    }
    if (M == 1) product_tile<Format, Bytes, 1>(K, a, b, c, c_stride, columns, add);
    if (M == 2) product_tile<Format, Bytes, 2>(K, a, b, c, c_stride, columns, add);
    if (M == 3) product_tile<Format, Bytes, 3>(K, a, b, c, c_stride, columns, add);
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI::cpu::detail
