// Definitions of head.hpp.
#pragma once

#include "../../core/thread_pool.hpp"
#include "column_sums.hpp"
#include "head.hpp"
#include "product.hpp"
#include "simd/elementwise.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

template <class Scalar>
void head_forward(const HeadParameters<Scalar>& p, View<const Scalar> h, const Matrix<Scalar>& c,
                  HeadSaved<Scalar>& saved, Matrix<Scalar>& logits) {
  const Index H = p.w1.rows();
  const View<const Scalar> w1 = view(p.w1).transposed();  // (2H, H)
  saved.u.resize(h.rows, H);
  saved.u.rowwise() = p.b1;
  product<Scalar>(h, w1.row_range(0, H), view(saved.u), Into::add, saved.products);
  product<Scalar>(view(c), w1.row_range(H, H), view(saved.u), Into::add, saved.products);
  thread_pool().parallel_for(h.rows, [&](Index i) { simd::tanh_row(saved.u.row(i).data(), H); });
  logits.resize(h.rows, p.w2.rows());
  logits.rowwise() = p.b2;
  product<Scalar>(view(saved.u), view(p.w2).transposed(), view(logits), Into::add, saved.products);
}

template <class Scalar>
void head_backward(const HeadParameters<Scalar>& p, View<const Scalar> h, const Matrix<Scalar>& c,
                   HeadSaved<Scalar>& saved, const Matrix<Scalar>& dlogits, View<Scalar> dh, Matrix<Scalar>& dc,
                   HeadParameters<Scalar>& gradients) {
  const Index H = p.w1.rows(), N = h.rows;
  product<Scalar>(view(dlogits).transposed(), view(saved.u), view(gradients.w2), Into::add, saved.products);
  add_column_sums<Scalar>(view(dlogits), gradients.b2.data());

  Matrix<Scalar>& dv = saved.dv;
  dv.resize(N, H);
  product<Scalar>(view(dlogits), view(p.w2), view(dv), Into::assign, saved.products);
  thread_pool().parallel_for(N, [&](Index i) { dv.row(i).array() *= Scalar(1) - saved.u.row(i).array().square(); });

  product<Scalar>(view(dv).transposed(), h, view(gradients.w1).column_range(0, H), Into::add, saved.products);
  product<Scalar>(view(dv).transposed(), view(c), view(gradients.w1).column_range(H, H), Into::add, saved.products);
  add_column_sums<Scalar>(view(dv), gradients.b1.data());
  dc.resize(N, H);
  product<Scalar>(view(dv), view(p.w1).column_range(0, H), dh, Into::add, saved.products);
  product<Scalar>(view(dv), view(p.w1).column_range(H, H), view(dc), Into::assign, saved.products);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
