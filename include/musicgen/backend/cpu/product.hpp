// Matrix products. Every product of two matrices of the CPU backend goes through here.
//
//   C (M, N) = A (M, K) B (K, N)   or   C += A B
//
// B is packed in panels as wide as three vectors; a tile of C, four rows by three vectors, stays in twelve registers
// while k runs (Goto, van de Geijn: "Anatomy of high-performance matrix multiplication", TOMS 34, 2008). With the 32
// registers of AVX-512 a tile is eight rows by two vectors. A is read where it lies if its rows are adjacent in memory
// along k, and packed in strips of as many rows as a tile has if it is a transpose.
// Each element of C is summed over k in the same order, in blocks of `block_k`, whatever tile it falls in and whoever
// computes it: the result does not depend on the number of threads, nor on which other rows there are.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "../../core/thread_pool.hpp"
#include "matrix.hpp"
#include "simd/dispatch.hpp"
#include "simd/vector.hpp"

namespace musicgen::cpu {

enum class Into { assign, add };  ///< what happens to what C held

namespace detail {

inline constexpr Index block_k = 256;    // a panel's block, 24 or 32 KB, stays in the first-level cache
inline constexpr Index block_rows = 64;  // a packed block of A, 64 KB, stays in the second-level cache

/// Rows of a tile and of a strip, vectors of a tile and of a panel.
constexpr Index tile_rows(int vector_bytes) {
  return vector_bytes == 64 ? 8 : 4;
}
constexpr Index tile_vectors(int vector_bytes) {
  return vector_bytes == 64 ? 2 : 3;
}

/// Rows of A: element (r, k) is data[r * row_stride + k * column_stride].
template <class Scalar>
struct Strip {
  const Scalar* data;
  Index row_stride, column_stride;
};

/// C tile (Rows, J vectors) (+)= strip (Rows, K) panel (K, J vectors); the last columns are kept off where C is
/// narrower.
template <class Scalar, int Bytes, int Rows>
MUSICGEN_INLINE void product_tile(Index K, Strip<Scalar> a, const Scalar* b, Scalar* c, Index c_stride, Index columns,
                                  bool add) {
  using V = simd::Vector<Scalar, Bytes>;
  constexpr int width = simd::lanes<Scalar, Bytes>, J = static_cast<int>(tile_vectors(Bytes));
  V sum[Rows][J] = {};
  const Scalar* row_of_a[Rows];
  MUSICGEN_UNROLL
  for (int r = 0; r < Rows; ++r) row_of_a[r] = a.data + r * a.row_stride;
  for (Index k = 0, i = 0; k < K; ++k, i += a.column_stride, b += J * width) {
    V row[J];
    MUSICGEN_UNROLL
    for (int j = 0; j < J; ++j) simd::load(row[j], b + j * width);
    MUSICGEN_UNROLL
    for (int r = 0; r < Rows; ++r) MUSICGEN_UNROLL
    for (int j = 0; j < J; ++j) sum[r][j] = row_of_a[r][i] * row[j] + sum[r][j];
  }
  if (columns == J * width) {
    MUSICGEN_UNROLL
    for (int r = 0; r < Rows; ++r) MUSICGEN_UNROLL
    for (int j = 0; j < J; ++j) {
      Scalar* to = c + r * c_stride + j * width;
      V old = {};
      if (add) simd::load(old, to);
      old += sum[r][j];
      simd::store(old, to);
    }
    return;
  }
  MUSICGEN_UNROLL
  for (int r = 0; r < Rows; ++r) {
    Scalar line[J * width];
    MUSICGEN_UNROLL
    for (int j = 0; j < J; ++j) simd::store(sum[r][j], line + j * width);
    for (Index n = 0; n < columns; ++n) c[r * c_stride + n] = (add ? c[r * c_stride + n] : Scalar(0)) + line[n];
  }
}

/// All rows of a block of A against one panel's block.
template <class Scalar>
struct ProductBlock {
  template <int Bytes>
  MUSICGEN_INLINE static void run(Index M, Index K, Strip<Scalar> a, Index a_step, const Scalar* b, Scalar* c,
                                  Index c_stride, Index columns, bool add) {
    constexpr int R = static_cast<int>(tile_rows(Bytes));
    for (; M >= R; M -= R, a.data += a_step, c += R * c_stride)
      product_tile<Scalar, Bytes, R>(K, a, b, c, c_stride, columns, add);
    if (R > 4 && M >= 4) {
      product_tile<Scalar, Bytes, 4>(K, a, b, c, c_stride, columns, add);
      M -= 4;
      a.data += 4 * a.row_stride;
      c += 4 * c_stride;
    }
    if (M == 1) product_tile<Scalar, Bytes, 1>(K, a, b, c, c_stride, columns, add);
    if (M == 2) product_tile<Scalar, Bytes, 2>(K, a, b, c, c_stride, columns, add);
    if (M == 3) product_tile<Scalar, Bytes, 3>(K, a, b, c, c_stride, columns, add);
  }
};

template <class Scalar>
Index panel_width() {
  return tile_vectors(simd::vector_bytes()) * simd::vector_bytes() / static_cast<Index>(sizeof(Scalar));
}

/// Rows of A, which is a transpose, in strips, each k by k; the last one may have fewer rows.
template <class Scalar>
void pack_strips(View<const Scalar> a, Index strip_rows, Scalar* to) {
  // Eight k at a time: those stay in the first-level cache for all strips, even where the stride is a power of two and
  // they share their places there with one another.
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

}  // namespace detail

/// B of a product, packed once and used many times.
template <class Scalar>
class Packed {
 public:
  Packed() = default;
  explicit Packed(View<const Scalar> b) { pack(b); }

  /// @param b  (K, N), any strides; memory of an earlier matrix is used again
  void pack(View<const Scalar> b) {
    K_ = b.rows;
    N_ = b.columns;
    width_ = detail::panel_width<Scalar>();
    data_.resize(static_cast<std::size_t>(panels() * K_ * width_));
    const auto pack_one = [&](Index p) { pack_panel(b, p); };
    if (K_ * N_ < 1 << 15) {
      for (Index p = 0; p < panels(); ++p) pack_one(p);
    } else {
      thread_pool().parallel_for(panels(), pack_one);
    }
  }

  Index rows() const { return K_; }
  Index columns() const { return N_; }
  Index width() const { return width_; }
  Index panels() const { return (N_ + width_ - 1) / width_; }
  /// Panel p from row k on: row after row, `width` elements each, zeros past column N.
  const Scalar* panel(Index p, Index k = 0) const { return data_.data() + (p * K_ + k) * width_; }

 private:
  void pack_panel(View<const Scalar> b, Index p) {
    Scalar* to = data_.data() + p * K_ * width_;
    const Index first = p * width_, columns = std::min(width_, N_ - first);
    for (Index k = 0; k < K_; ++k, to += width_) {
      const Scalar* from = b.data + k * b.row_stride + first * b.column_stride;
      for (Index n = 0; n < columns; ++n) to[n] = from[n * b.column_stride];
      std::fill(to + columns, to + width_, Scalar(0));
    }
  }

  Index K_ = 0, N_ = 0, width_ = 1;
  std::vector<Scalar> data_;
};

/// C = A B or C += A B on the calling thread, for loops that share out work in their own way.
/// @param a  (M, K)   @param panels  [first, last) of b's panels: columns of c outside of them are left alone
/// @param c  (M, N), columns adjacent, apart from a
template <class Scalar>
void product_on_this_thread(View<const Scalar> a, const Packed<Scalar>& b, View<Scalar> c, Into into, Index first_panel,
                            Index last_panel) {
  using namespace detail;
  const Index strip_rows = tile_rows(simd::vector_bytes());
  if (a.columns == 0 && into == Into::assign)
    for (Index i = 0; i < c.rows; ++i) std::fill_n(c.data + i * c.row_stride, c.columns, Scalar(0));
  for (Index i = 0; i < a.rows; i += block_rows) {
    const Index rows = std::min(block_rows, a.rows - i);
    for (Index k = 0; k < a.columns; k += block_k) {
      const Index depth = std::min(block_k, a.columns - k);
      const View<const Scalar> block = a.row_range(i, rows).column_range(k, depth);
      Strip<Scalar> strip{block.data, block.row_stride, block.column_stride};
      Index step = strip_rows * block.row_stride;
      if (a.column_stride != 1) {
        thread_local std::vector<Scalar> strips(static_cast<std::size_t>(block_rows * block_k));
        pack_strips<Scalar>(block, strip_rows, strips.data());
        strip = {strips.data(), 1, strip_rows};
        step = strip_rows * depth;
      }
      for (Index p = first_panel; p < last_panel; ++p)
        simd::run<ProductBlock<Scalar>>(rows, depth, strip, step, b.panel(p, k),
                                        c.data + i * c.row_stride + p * b.width(), c.row_stride,
                                        std::min(b.width(), b.columns() - p * b.width()), k > 0 || into == Into::add);
    }
  }
}
template <class Scalar>
void product_on_this_thread(View<const Scalar> a, const Packed<Scalar>& b, View<Scalar> c, Into into = Into::assign) {
  product_on_this_thread(a, b, c, into, 0, b.panels());
}

/// C = A B or C += A B on the thread pool. Allocates nothing.
/// @param a  (M, K)  @param b  (K, N)  @param c  (M, N), columns adjacent, apart from a
template <class Scalar>
void product(View<const Scalar> a, const Packed<Scalar>& b, View<Scalar> c, Into into = Into::assign) {
  constexpr Index worth_sharing = 1 << 16;  // multiplications; below, waking a thread costs more
  const Index threads = thread_pool().threads();
  if (threads == 1 || a.rows * a.columns * b.columns() < worth_sharing) return product_on_this_thread(a, b, c, into);
  // Blocks of rows; where these are few, of panels too.
  const Index row_blocks = (a.rows + detail::block_rows - 1) / detail::block_rows;
  const Index wanted = 4 * threads;
  const Index panel_blocks = std::min(b.panels(), (wanted + row_blocks - 1) / row_blocks);
  thread_pool().parallel_for(row_blocks * panel_blocks, [&](Index task) {
    const Index i = task / panel_blocks * detail::block_rows, q = task % panel_blocks;
    const Index rows = std::min(detail::block_rows, a.rows - i);
    product_on_this_thread(a.row_range(i, rows), b, c.row_range(i, rows), into, q * b.panels() / panel_blocks,
                           (q + 1) * b.panels() / panel_blocks);
  });
}

/// The same with a B that is used once; packed in memory that the calling thread keeps.
template <class Scalar>
void product(View<const Scalar> a, View<const Scalar> b, View<Scalar> c, Into into = Into::assign) {
  thread_local Packed<Scalar> packed;
  packed.pack(b);
  product(a, packed, c, into);
}

}  // namespace musicgen::cpu
