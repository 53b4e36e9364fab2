// Gated recurrent unit, one layer over a whole sequence. Derivation: docs/gru.md.
//
// PyTorch's definition (gate order r, z, n; Cho et al. 2014 with the reset gate after the product):
//
//   r_t = sigmoid(W_r x_t + b_r + U_r h_{t-1} + c_r)
//   z_t = sigmoid(W_z x_t + b_z + U_z h_{t-1} + c_z)
//   q_t = U_n h_{t-1} + c_n
//   n_t = tanh(W_n x_t + b_n + r_t * q_t)
//   h_t = (1 - z_t) * n_t + z_t * h_{t-1}
//
// Backward, with dh_t the gradient of all that h_t reaches:
//
//   dn = dh (1 - z) (1 - n^2)                 before the tanh
//   dz = dh (h_{t-1} - n) z (1 - z)           before the sigmoid
//   dr = dn q r (1 - r)                       before the sigmoid
//   dq = dn r
//   dh_{t-1} = dh z + U_r' dr + U_z' dz + U_n' dq
//
// Time is the outer dimension: row t*B + b of a (T*B, ...) matrix is step t of sequence b. The rows of a batch do not
// depend on each other, so a thread takes some of them through all of time and none waits for another.
#pragma once

#include <vector>

#include "column_sums.hpp"
#include "matrix.hpp"
#include "product.hpp"
#include "simd/elementwise.hpp"

namespace musicgen::cpu {

/// Weights of a layer with I inputs; also their gradients.
template <class Scalar>
struct GruParameters {
  Matrix<Scalar> w_ih;     ///< (3H, I)  W_r, W_z, W_n
  Matrix<Scalar> w_hh;     ///< (3H, H)  U_r, U_z, U_n
  RowVector<Scalar> b_ih;  ///< (3H)
  RowVector<Scalar> b_hh;  ///< (3H)  c_r, c_z, c_n
};

/// What the forward pass keeps for the backward pass.
template <class Scalar>
struct GruKept {
  Matrix<Scalar> h;      ///< ((T+1)*B, H)  h_{-1}, h_0, ... h_{T-1}
  Matrix<Scalar> gates;  ///< (T*B, 4H)  r | z | q | n;  after the backward pass  dr | dz | dq | dn
  Packed<Scalar> w_hh;   ///< packed for whichever pass runs

  /// The outputs h_0 ... h_{T-1}, (T*B, H).
  View<Scalar> outputs(Index B) { return view(h).row_range(B, h.rows() - B); }
};

namespace detail {

/// a = (r | z | q | n) before the activations, n without r * q; after: the gates.
template <class Scalar>
struct GruGatesAt {
  template <int Bytes>
  MUSICGEN_INLINE static void at(Index i, Index count, Index H, Scalar* a, const Scalar* h_before, Scalar* h) {
    simd::Vector<Scalar, Bytes> r, z, q, n, before;
    simd::load_part(r, a + i, count);
    simd::load_part(z, a + H + i, count);
    simd::load_part(q, a + 2 * H + i, count);
    simd::load_part(n, a + 3 * H + i, count);
    simd::load_part(before, h_before + i, count);
    simd::sigmoid<Bytes>(r);
    simd::sigmoid<Bytes>(z);
    n += r * q;
    simd::tanh<Bytes>(n);
    simd::store_part(r, a + i, count);
    simd::store_part(z, a + H + i, count);
    simd::store_part(n, a + 3 * H + i, count);
    n = n + z * (before - n);
    simd::store_part(n, h + i, count);
  }
};

/// a = (r | z | q | n) becomes (dr | dz | dq | dn); carry: the gradient that h_t has from later steps becomes dh z.
template <class Scalar>
struct GruGatesBackwardAt {
  template <int Bytes>
  MUSICGEN_INLINE static void at(Index i, Index count, Index H, Scalar* a, const Scalar* h_before, const Scalar* dh_out,
                                 Scalar* carry) {
    simd::Vector<Scalar, Bytes> r, z, q, n, before, dh, more;
    simd::load_part(r, a + i, count);
    simd::load_part(z, a + H + i, count);
    simd::load_part(q, a + 2 * H + i, count);
    simd::load_part(n, a + 3 * H + i, count);
    simd::load_part(before, h_before + i, count);
    simd::load_part(dh, dh_out + i, count);
    simd::load_part(more, carry + i, count);
    dh += more;
    const simd::Vector<Scalar, Bytes> dn = dh * (1 - z) * (1 - n * n), dz = dh * (before - n) * z * (1 - z),
                                      dr = dn * q * r * (1 - r), dq = dn * r, through = dh * z;
    simd::store_part(dr, a + i, count);
    simd::store_part(dz, a + H + i, count);
    simd::store_part(dq, a + 2 * H + i, count);
    simd::store_part(dn, a + 3 * H + i, count);
    simd::store_part(through, carry + i, count);
  }
};

/// body(first_row, rows) for groups of a batch's rows, as many groups as threads.
template <class Body>
void for_row_groups(Index B, const Body& body) {
  const Index strips = (B + strip_rows - 1) / strip_rows;
  const Index groups = std::min<Index>(thread_pool().threads(), strips);
  thread_pool().parallel_for(groups, [&](Index g) {
    const Index first = g * strips / groups * strip_rows;
    body(first, std::min(B, (g + 1) * strips / groups * strip_rows) - first);
  });
}

}  // namespace detail

/// All steps of a layer.
/// @param x   (T*B, I)
/// @param h0  (B, H), the state before the first step; nullptr: zero
template <class Scalar>
void gru_forward(const GruParameters<Scalar>& p, View<const Scalar> x, Index B, const Matrix<Scalar>* h0,
                 GruKept<Scalar>& kept) {
  const Index H = p.w_hh.cols(), TB = x.rows, T = TB / B;
  kept.h.resize(TB + B, H);
  if (h0)
    kept.h.topRows(B) = *h0;
  else
    kept.h.topRows(B).setZero();

  // gates := biases + W x, all steps at once; q has no W.
  RowVector<Scalar> biases(4 * H);
  biases << p.b_ih.head(2 * H) + p.b_hh.head(2 * H), p.b_hh.tail(H), p.b_ih.tail(H);
  kept.gates.resize(TB, 4 * H);
  kept.gates.rowwise() = biases;
  const View<const Scalar> w = view(p.w_ih).transposed();  // (I, 3H)
  product<Scalar>(x, w.column_range(0, 2 * H), view(kept.gates).column_range(0, 2 * H), Into::add);
  product<Scalar>(x, w.column_range(2 * H, H), view(kept.gates).column_range(3 * H, H), Into::add);

  kept.w_hh.pack(view(p.w_hh).transposed());  // (H, 3H)
  detail::for_row_groups(B, [&](Index first, Index rows) {
    for (Index t = 0; t < T; ++t) {
      const Index at = t * B + first;
      const View<Scalar> gates = view(kept.gates).row_range(at, rows);
      product_on_this_thread<Scalar>(view(kept.h).row_range(at, rows), kept.w_hh, gates.column_range(0, 3 * H),
                                     Into::add);
      for (Index i = 0; i < rows; ++i)
        simd::run<simd::OverRow<Scalar, detail::GruGatesAt<Scalar>>>(
            H, H, gates.data + i * gates.row_stride, static_cast<const Scalar*>(kept.h.row(at + i).data()),
            kept.h.row(at + B + i).data());
    }
  });
}

/// The gradients of a layer.
/// @param x          (T*B, I), what gru_forward got
/// @param kept       from gru_forward; its gates become the gates' gradients
/// @param dh         (T*B, H), with respect to the outputs
/// @param dx         (T*B, I) assigned; nullptr: not wanted
/// @param gradients  added to
template <class Scalar>
void gru_backward(const GruParameters<Scalar>& p, View<const Scalar> x, Index B, GruKept<Scalar>& kept,
                  const Matrix<Scalar>& dh, Matrix<Scalar>* dx, GruParameters<Scalar>& gradients) {
  const Index H = p.w_hh.cols(), TB = x.rows, T = TB / B;
  kept.w_hh.pack(view(p.w_hh));  // (3H, H)
  Matrix<Scalar> carry = Matrix<Scalar>::Zero(B, H);
  detail::for_row_groups(B, [&](Index first, Index rows) {
    const View<Scalar> carried = view(carry).row_range(first, rows);
    for (Index t = T - 1; t >= 0; --t) {
      const Index at = t * B + first;
      const View<Scalar> gates = view(kept.gates).row_range(at, rows);
      for (Index i = 0; i < rows; ++i)
        simd::run<simd::OverRow<Scalar, detail::GruGatesBackwardAt<Scalar>>>(
            H, H, gates.data + i * gates.row_stride, static_cast<const Scalar*>(kept.h.row(at + i).data()),
            dh.row(at + i).data(), carry.row(first + i).data());
      // dh_{t-1} = dh z + (dr | dz | dq) U
      product_on_this_thread<Scalar>(gates.column_range(0, 3 * H), kept.w_hh, carried, Into::add);
    }
  });

  const View<Scalar> d = view(kept.gates), rz = d.column_range(0, 2 * H), n = d.column_range(3 * H, H);
  const View<Scalar> dw = view(gradients.w_ih);
  product<Scalar>(rz.transposed(), x, dw.row_range(0, 2 * H), Into::add);
  product<Scalar>(n.transposed(), x, dw.row_range(2 * H, H), Into::add);
  product<Scalar>(d.column_range(0, 3 * H).transposed(), view(kept.h).row_range(0, TB), view(gradients.w_hh),
                  Into::add);
  RowVector<Scalar> sums = RowVector<Scalar>::Zero(4 * H);
  add_column_sums<Scalar>(d, sums.data());
  gradients.b_hh += sums.head(3 * H);
  gradients.b_ih.head(2 * H) += sums.head(2 * H);
  gradients.b_ih.tail(H) += sums.tail(H);
  if (dx) {
    dx->resize(TB, x.columns);
    product<Scalar>(rz, view(p.w_ih).row_range(0, 2 * H), view(*dx));
    product<Scalar>(n, view(p.w_ih).row_range(2 * H, H), view(*dx), Into::add);
  }
}

}  // namespace musicgen::cpu
