// Definitions of product.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>

#include "../../core/thread_pool.hpp"
#include "packing.hpp"
#include "product.hpp"
#include "product_tile.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

template <class Scalar>
void Packed<Scalar>::pack(View<const Scalar> b, Precision precision) {
  bf16_ = std::is_same_v<Scalar, float> && precision == Precision::bf16;
  isa_ = simd::isa();
  if (bf16_ && isa_ < simd::Isa::avx512_bf16) isa_ = std::min(isa_, simd::Isa::avx2);  // 64 bytes need the instruction
  K_ = b.rows;
  N_ = b.columns;
  width_ = detail::tile_vectors(simd::vector_bytes(isa_)) * simd::vector_bytes(isa_) / Index{sizeof(Scalar)};
  if constexpr (std::is_same_v<Scalar, float>)
    if (bf16_) return pack_as(b, pairs_, detail::Bf16Pairs{});
  pack_as(b, plain_, detail::PlainWords<Scalar>{});
}

template <class Scalar>
template <class Format>
void Packed<Scalar>::pack_as(View<const Scalar> b, std::vector<typename Format::Word>& words, Format format) {
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

namespace detail {

template <class Scalar>
const Scalar* panel_of(const Packed<Scalar>& b, Index p, Index k, PlainWords<Scalar>) {
  return b.plain_panel(p, k);
}
inline const std::uint32_t* panel_of(const Packed<float>& b, Index p, Index k, Bf16Pairs) {
  return b.bf16_panel(p, k);
}

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
        simd::run_with<ProductBlock<Format, Scalar>>(
            b.isa(), rows, words_of<Format>(depth), strips.first, strips.step, panel_of(b, p, k, format),
            c.data + i * c.row_stride + p * b.width(), c.row_stride, std::min(b.width(), b.columns() - p * b.width()),
            k > 0 || into == Into::add);
    }
  }
}

}  // namespace detail

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
void product(View<const Scalar> a, const Packed<Scalar>& b, View<Scalar> c, Into into) {
  constexpr Index worth_sharing = 1 << 16;  // multiplications; below, waking a thread costs more
  const Index threads = thread_pool().threads();
  if (threads == 1 || a.rows * a.columns * b.columns() < worth_sharing) return product_on_this_thread(a, b, c, into);
  // Tasks are blocks of rows and, if these are few, of panels.
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

template <class Scalar>
void product(View<const Scalar> a, View<const Scalar> b, View<Scalar> c, Into into, Precision precision) {
  thread_local Packed<Scalar> packed;
  packed.pack(b, precision);
  product(a, packed, c, into);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
