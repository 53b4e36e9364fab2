// Matrix products. Every product of two matrices of the CPU backend goes through here.
//
//   C (M, N) = A (M, K) B (K, N)   or   C += A B
//
// B is packed in panels as wide as three vectors; a tile of C, four rows by three vectors, stays in twelve registers
// while k runs (Goto, van de Geijn: "Anatomy of high-performance matrix multiplication", TOMS 34, 2008). With the 32
// registers of AVX-512 a tile is eight rows by two vectors. A is read where it lies if its rows are adjacent in memory
// along k, and packed in strips of as many rows as a tile has if it is a transpose, or if the product is in bf16.
// Each element of C is summed over k in the same order, in blocks of `block_k`, whatever tile it falls in and whoever
// computes it: the result does not depend on the number of threads, nor on which other rows there are.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "../../core/config.hpp"
#include "../../core/thread_pool.hpp"
#include "../backend.hpp"
#include "matrix.hpp"
#include "packing.hpp"
#include "product_tile.hpp"
#include "simd/dispatch.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

enum class Into { assign, add };  ///< what happens to what C held

/// B of a product, packed once and used many times. It says what the product is computed in: in bf16 both sides are
/// rounded to it, and sums are in fp32.
template <class Scalar>
class Packed {
 public:
  /// @param b          (K, N), any strides; memory of an earlier matrix is used again
  /// @param precision  bf16, or anything else for the products of `Scalar`; doubles stay doubles
  void pack(View<const Scalar> b, Precision precision = Precision::fp32) {
    bf16_ = std::is_same_v<Scalar, float> && precision == Precision::bf16;
    isa_ = simd::isa();
    if (bf16_ && isa_ < simd::Isa::avx512_bf16) isa_ = std::min(isa_, simd::Isa::avx2);  // 64 bytes: the instruction's
    K_ = b.rows;
    N_ = b.columns;
    width_ = detail::tile_vectors(simd::vector_bytes(isa_)) * simd::vector_bytes(isa_) / Index{sizeof(Scalar)};
    if constexpr (std::is_same_v<Scalar, float>)
      if (bf16_) return pack(b, pairs_, detail::Bf16Pairs{});
    pack(b, plain_, detail::PlainWords<Scalar>{});
  }

  Index rows() const { return K_; }
  Index columns() const { return N_; }
  Index width() const { return width_; }
  Index panels() const { return (N_ + width_ - 1) / width_; }
  bool is_bf16() const { return bf16_; }
  simd::Isa isa() const { return isa_; }  ///< that the panels are for

  /// Panel p from row k on (even in bf16), in words of the format.
  const Scalar* panel(Index p, Index k, detail::PlainWords<Scalar>) const {
    return plain_.data() + (p * K_ + k) * width_;
  }
  const std::uint32_t* panel(Index p, Index k, detail::Bf16Pairs) const {
    return pairs_.data() + (p * detail::words_of<detail::Bf16Pairs>(K_) + k / 2) * width_;
  }

 private:
  template <class Format>
  void pack(View<const Scalar> b, std::vector<typename Format::Word>& words, Format format) {
    const Index size = detail::words_of<Format>(K_) * width_;
    words.resize(static_cast<std::size_t>(panels() * size));
    const auto pack_one = [&](Index p) {
      const Index first = p * width_;
      detail::pack_panel(b.column_range(first, std::min(width_, N_ - first)), width_, words.data() + p * size, format);
    };
    if (K_ * N_ < 1 << 15) {
      for (Index p = 0; p < panels(); ++p) pack_one(p);
    } else {
      thread_pool().parallel_for(panels(), pack_one);
    }
  }

  Index K_ = 0, N_ = 0, width_ = 1;
  simd::Isa isa_ = simd::Isa::baseline;
  bool bf16_ = false;
  std::vector<Scalar> plain_;  // whichever the format is
  std::vector<std::uint32_t> pairs_;
};

namespace detail {
template <class Format, class Scalar>
void product_on_this_thread(View<const Scalar> a, const Packed<Scalar>& b, View<Scalar> c, Into into, Index first_panel,
                            Index last_panel, Format format) {
  const Index strip_rows = tile_rows(simd::vector_bytes(b.isa()));
  for (Index i = 0; i < a.rows; i += block_rows) {
    const Index rows = std::min(block_rows, a.rows - i);
    for (Index k = 0; k < a.columns; k += block_k) {
      const Index depth = std::min(block_k, a.columns - k);
      const auto strips = strips_of(a.row_range(i, rows).column_range(k, depth), strip_rows, format);
      for (Index p = first_panel; p < last_panel; ++p)
        simd::run_with<ProductBlock<Format, Scalar>>(b.isa(), rows, words_of<Format>(depth), strips.first, strips.step,
                                                     b.panel(p, k, format), c.data + i * c.row_stride + p * b.width(),
                                                     c.row_stride, std::min(b.width(), b.columns() - p * b.width()),
                                                     k > 0 || into == Into::add);
    }
  }
}
}  // namespace detail

/// C = A B or C += A B on the calling thread, for loops that share out work in their own way.
/// @param a  (M, K)   @param panels  [first, last) of b's panels: columns of c outside of them are left alone
/// @param c  (M, N), columns adjacent, apart from a
template <class Scalar>
void product_on_this_thread(View<const Scalar> a, const Packed<Scalar>& b, View<Scalar> c, Into into, Index first_panel,
                            Index last_panel) {
  using namespace detail;
  if (a.columns == 0 && into == Into::assign)
    for (Index i = 0; i < c.rows; ++i) std::fill_n(c.data + i * c.row_stride, c.columns, Scalar(0));
  if constexpr (std::is_same_v<Scalar, float>)
    if (b.is_bf16()) return product_on_this_thread(a, b, c, into, first_panel, last_panel, Bf16Pairs{});
  product_on_this_thread(a, b, c, into, first_panel, last_panel, PlainWords<Scalar>{});
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
void product(View<const Scalar> a, View<const Scalar> b, View<Scalar> c, Into into = Into::assign,
             Precision precision = Precision::fp32) {
  thread_local Packed<Scalar> packed;
  packed.pack(b, precision);
  product(a, packed, c, into);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
