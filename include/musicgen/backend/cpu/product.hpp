// Matrix products. Every product of two matrices of the CPU backend goes through here.
//
//   C (M, N) = A (M, K) B (K, N)   or   C += A B
//
// B is packed in panels as wide as three vectors; a tile of C, four rows by three vectors, stays in twelve registers
// while k runs (Goto, van de Geijn: "Anatomy of high-performance matrix multiplication", TOMS 34, 2008). With the 32
// registers of AVX-512 a tile is eight rows by two vectors. A is read in place if its rows are contiguous along k, and
// packed in strips of as many rows as a tile has if it is a transpose, or if the product is in bf16. Each element of C
// is summed over k in the same order, in blocks of `block_k`, whatever its tile and thread: the result does not depend
// on the number of threads, nor on the other rows.
#pragma once

#include <cstdint>
#include <vector>

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "matrix.hpp"
#include "simd/dispatch.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

enum class Into { assign, add };  ///< whether C is overwritten or added to

/// B of a product, packed once and used many times. It determines the precision: in bf16 both factors are rounded to
/// it, and sums are in fp32.
template <class Scalar>
class Packed {
 public:
  /// @param b          (K, N), any strides; the memory of an earlier matrix is reused
  /// @param precision  bf16, or anything else for products in `Scalar`; doubles stay doubles
  void pack(View<const Scalar> b, Precision precision = Precision::fp32);

  Index rows() const { return K_; }
  Index columns() const { return N_; }
  Index width() const { return width_; }
  Index panels() const { return (N_ + width_ - 1) / width_; }
  bool is_bf16() const { return bf16_; }
  simd::Isa isa() const { return isa_; }  ///< for which the panels are packed

  /// Panel p from row k on.
  const Scalar* plain_panel(Index p, Index k) const { return plain_.data() + (p * K_ + k) * width_; }
  /// The same in bf16, two rows a word; k is even.
  const std::uint32_t* bf16_panel(Index p, Index k) const {
    return pairs_.data() + (p * ((K_ + 1) / 2) + k / 2) * width_;
  }

 private:
  template <class Format>
  void pack_as(View<const Scalar> b, std::vector<typename Format::Word>& words, Format format);

  Index K_ = 0, N_ = 0, width_ = 1;
  simd::Isa isa_ = simd::Isa::baseline;
  bool bf16_ = false;
  std::vector<Scalar> plain_;  // one of the two, by format
  std::vector<std::uint32_t> pairs_;
};

/// C = A B or C += A B on the calling thread, for loops that distribute work in their own way.
/// @param a  (M, K)   @param panels  [first, last) of b's panels: columns of c outside of them are left alone
/// @param c  (M, N), columns adjacent, not overlapping a
template <class Scalar>
void product_on_this_thread(View<const Scalar> a, const Packed<Scalar>& b, View<Scalar> c, Into into, Index first_panel,
                            Index last_panel);
template <class Scalar>
void product_on_this_thread(View<const Scalar> a, const Packed<Scalar>& b, View<Scalar> c, Into into = Into::assign) {
  product_on_this_thread(a, b, c, into, 0, b.panels());
}

/// C = A B or C += A B on the thread pool. Allocates nothing.
/// @param a  (M, K)  @param b  (K, N)  @param c  (M, N), columns adjacent, not overlapping a
template <class Scalar>
void product(View<const Scalar> a, const Packed<Scalar>& b, View<Scalar> c, Into into = Into::assign);

/// The same with a B that is used once; it is packed in memory of the calling thread.
template <class Scalar>
void product(View<const Scalar> a, View<const Scalar> b, View<Scalar> c, Into into = Into::assign,
             Precision precision = Precision::fp32);

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "product.ipp"
#endif
