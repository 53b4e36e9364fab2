// Definitions of head.hpp.
#pragma once

#include <algorithm>

#include "../../core/thread_pool.hpp"
#include "column_sums.hpp"
#include "head.hpp"
#include "product.hpp"
#include "simd/arithmetic.hpp"
#include "simd/elementwise.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

namespace detail {
/// m := (rows, row's size), each row a copy of `row`.
template <class Scalar>
void fill_rows(Matrix<Scalar>& m, Index rows, const RowVector<Scalar>& row) {
  m.resize(rows, row.size());
  for (Index i = 0; i < rows; ++i) std::copy_n(row.data(), row.size(), m.row(i).data());
}
}  // namespace detail

template <class Scalar>
void head_forward(const HeadParameters<Scalar>& p, View<const Scalar> h, const Matrix<Scalar>& c,
                  HeadSaved<Scalar>& saved, Matrix<Scalar>& logits, Precision products) {
  const Index H = p.w1.rows();
  const View<const Scalar> w1 = view(p.w1).transposed();  // (2H, H)
  detail::fill_rows(saved.u, h.rows, p.b1);
  product<Scalar>(h, w1.row_range(0, H), view(saved.u), Into::add, products);
  product<Scalar>(view(c), w1.row_range(H, H), view(saved.u), Into::add, products);
  thread_pool().parallel_for(h.rows, [&](Index i) { simd::tanh_row(saved.u.row(i).data(), H); });
  detail::fill_rows(logits, h.rows, p.b2);
  product<Scalar>(view(saved.u), view(p.w2).transposed(), view(logits), Into::add, products);
}

template <class Scalar>
void head_backward(const HeadParameters<Scalar>& p, View<const Scalar> h, const Matrix<Scalar>& c,
                   HeadSaved<Scalar>& saved, const Matrix<Scalar>& dlogits, View<Scalar> dh, Matrix<Scalar>& dc,
                   HeadParameters<Scalar>& gradients, Precision products) {
  const Index H = p.w1.rows(), N = h.rows;
  detail::require_shape("head: dlogits", dlogits.rows(), dlogits.cols(), N, p.w2.rows());
  detail::require_shape_of("head: gradient of w1", gradients.w1, p.w1);
  detail::require_shape_of("head: gradient of w2", gradients.w2, p.w2);
  detail::require_shape_of<Scalar>("head: gradient of b1", gradients.b1, p.b1);
  detail::require_shape_of<Scalar>("head: gradient of b2", gradients.b2, p.b2);
  product<Scalar>(view(dlogits).transposed(), view(saved.u), view(gradients.w2), Into::add, products);
  add_column_sums<Scalar>(view(dlogits), gradients.b2.data());

  Matrix<Scalar>& dv = saved.dv;
  dv.resize(N, H);
  product<Scalar>(view(dlogits), view(p.w2), view(dv), Into::assign, products);
  thread_pool().parallel_for(N, [&](Index i) {  // the derivative of the tanh
    simd::transform_row(
        H, &dv(i, 0), [](const auto& d, const auto& u) { return d * (1 - u * u); }, saved.u.row(i).data());
  });

  product<Scalar>(view(dv).transposed(), h, view(gradients.w1).column_range(0, H), Into::add, products);
  product<Scalar>(view(dv).transposed(), view(c), view(gradients.w1).column_range(H, H), Into::add, products);
  add_column_sums<Scalar>(view(dv), gradients.b1.data());
  dc.resize(N, H);
  product<Scalar>(view(dv), view(p.w1).column_range(0, H), dh, Into::add, products);
  product<Scalar>(view(dv), view(p.w1).column_range(H, H), view(dc), Into::assign, products);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
