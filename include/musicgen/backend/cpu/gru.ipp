// Definitions of gru.hpp.
#pragma once

#include <algorithm>

#include "../../core/team.hpp"
#include "../../core/thread_pool.hpp"
#include "gru.hpp"
#include "simd/arithmetic.hpp"
#include "simd/elementwise.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

namespace detail {

/// a = (r | z | q | n) before the activations, n without r * q; after: the gates.
template <class Scalar>
struct GruGatesAt {
  template <int Bytes>
  [[gnu::always_inline]] inline static void at(Index i, Index count, Index H, Scalar* a, const Scalar* h_before,
                                               Scalar* h) {
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

/// Computes `count` units of a row, beginning where the pointers point: `a` becomes the gates, `h` the state after
/// them; h_before may be h.
template <class Scalar>
void gru_gates(Index count, Index H, Scalar* a, const Scalar* h_before, Scalar* h) {
  simd::run<simd::OverRow<Scalar, GruGatesAt<Scalar>>>(count, H, a, h_before, h);
}

/// The biases of every row of gates.
/// @param biases  (4H), assigned: r | z | q | n
template <class Scalar>
void gru_biases(const GruParameters<Scalar>& p, Scalar* biases) {
  const Index H = p.w_hh.cols();
  for (Index i = 0; i < 2 * H; ++i) biases[i] = p.b_ih[i] + p.b_hh[i];
  std::copy_n(p.b_hh.data() + 2 * H, H, biases + 2 * H);
  std::copy_n(p.b_ih.data() + 2 * H, H, biases + 3 * H);
}

/// a = (r | z | q | n) becomes (dr | dz | dq | dn), which is also added to the sums; carry, the gradient of h_t from
/// later steps, becomes dh z.
template <class Scalar>
struct GruGatesBackwardAt {
  template <int Bytes>
  [[gnu::always_inline]] inline static void at(Index i, Index count, Index H, Scalar* a, const Scalar* h_before,
                                               const Scalar* dh_out, Scalar* carry, Scalar* sums) {
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
    store(dr, i, count, a, sums);
    store(dz, H + i, count, a, sums);
    store(dq, 2 * H + i, count, a, sums);
    store(dn, 3 * H + i, count, a, sums);
    simd::store_part(through, carry + i, count);
  }

 private:
  template <class V>
  [[gnu::always_inline]] inline static void store(const V& gradient, Index at, Index count, Scalar* a, Scalar* sums) {
    V sum;
    simd::load_part(sum, sums + at, count);
    sum += gradient;
    simd::store_part(gradient, a + at, count);
    simd::store_part(sum, sums + at, count);
  }
};

/// Calls body(team, first_panel, last_panel) on as many threads as B rows of H units are worth: each has some panels of
/// units, `width` wide, and waits for the others once per step.
template <class Body>
void for_unit_groups(Index B, Index H, Index width, const Body& body) {
  const Index panels = (H + width - 1) / width;
  const Index most = 3 * B * H * H < worth_a_team ? 1 : panels;
  thread_pool().together(static_cast<int>(std::min<Index>(most, thread_pool().threads())), [&](Team& team, int member) {
    body(team, member * panels / team.size(), (member + 1) * panels / team.size());
  });
}

}  // namespace detail

template <class Scalar>
void gru_inputs(const GruParameters<Scalar>& p, View<const Scalar> x, Matrix<Scalar>& gates, Precision products) {
  const Index H = p.w_hh.cols();
  gates.resize(x.rows, 4 * H);
  detail::gru_biases(p, gates.row(0).data());
  for (Index i = 1; i < x.rows; ++i) std::copy_n(gates.data(), 4 * H, gates.row(i).data());
  const View<const Scalar> w = view(p.w_ih).transposed();  // (I, 3H)
  product<Scalar>(x, w.column_range(0, 2 * H), view(gates).column_range(0, 2 * H), Into::add, products);
  product<Scalar>(x, w.column_range(2 * H, H), view(gates).column_range(3 * H, H), Into::add, products);
}

template <class Scalar>
void gru_steps(const GruParameters<Scalar>& p, Index B, const Matrix<Scalar>* h0, GruSaved<Scalar>& saved,
               Precision products) {
  const Index H = p.w_hh.cols(), TB = saved.gates.rows();
  if (h0) detail::require_shape("gru: h0", h0->rows(), h0->cols(), B, H);
  saved.h.resize(TB + B, H);
  if (h0)
    std::copy_n(h0->data(), B * H, saved.h.data());
  else
    std::fill_n(saved.h.data(), B * H, Scalar(0));
  for (Index gate = 0; gate < 3; ++gate)
    saved.u[static_cast<std::size_t>(gate)].pack(view(p.w_hh).row_range(gate * H, H).transposed(), products);

  const Index width = saved.u[0].width();
  detail::for_unit_groups(B, H, width, [&](Team& team, Index first_panel, Index last_panel) {
    const Index first = first_panel * width, units = std::min(H, last_panel * width) - first;
    for (Index at = 0; at < TB; at += B) {
      const View<Scalar> before = view(saved.h).row_range(at, B);
      for (Index gate = 0; gate < 3; ++gate)
        product_on_this_thread<Scalar>(before, saved.u[static_cast<std::size_t>(gate)],
                                       view(saved.gates).row_range(at, B).column_range(gate * H, H), Into::add,
                                       first_panel, last_panel);
      for (Index row = at; row < at + B; ++row)
        detail::gru_gates<Scalar>(units, H, saved.gates.row(row).data() + first, saved.h.row(row).data() + first,
                                  saved.h.row(row + B).data() + first);
      team.wait();
    }
  });
}

template <class Scalar>
void gru_forward(const GruParameters<Scalar>& p, View<const Scalar> x, Index B, const Matrix<Scalar>* h0,
                 GruSaved<Scalar>& saved, Precision products) {
  gru_inputs(p, x, saved.gates, products);
  gru_steps(p, B, h0, saved, products);
}

template <class Scalar>
void gru_steps_backward(const GruParameters<Scalar>& p, Index B, GruSaved<Scalar>& saved, const Matrix<Scalar>& dh,
                        GruParameters<Scalar>& gradients, Precision products) {
  const Index H = p.w_hh.cols(), TB = saved.gates.rows();
  detail::require_shape("gru: dh", dh.rows(), dh.cols(), TB, H);
  detail::require_shape_of("gru: gradient of w_hh", gradients.w_hh, p.w_hh);
  detail::require_shape_of<Scalar>("gru: gradient of b_ih", gradients.b_ih, p.b_ih);
  detail::require_shape_of<Scalar>("gru: gradient of b_hh", gradients.b_hh, p.b_hh);
  saved.w_hh.pack(view(p.w_hh), products);
  saved.carry.setZero(B, H);
  saved.bias_sums.setZero(4 * H);
  const Index width = saved.w_hh.width();
  detail::for_unit_groups(B, H, width, [&](Team& team, Index first_panel, Index last_panel) {
    const Index first = first_panel * width, units = std::min(H, last_panel * width) - first;
    for (Index at = TB - B; at >= 0; at -= B) {
      for (Index b = 0; b < B; ++b)
        simd::run<simd::OverRow<Scalar, detail::GruGatesBackwardAt<Scalar>>>(
            units, H, saved.gates.row(at + b).data() + first,
            static_cast<const Scalar*>(saved.h.row(at + b).data()) + first, dh.row(at + b).data() + first,
            saved.carry.row(b).data() + first, saved.bias_sums.data() + first);
      team.wait();
      // dh_{t-1} = dh z + (dr | dz | dq) U
      product_on_this_thread<Scalar>(view(saved.gates).row_range(at, B).column_range(0, 3 * H), saved.w_hh,
                                     view(saved.carry), Into::add, first_panel, last_panel);
    }
  });

  product<Scalar>(view(saved.gates).column_range(0, 3 * H).transposed(), view(saved.h).row_range(0, TB),
                  view(gradients.w_hh), Into::add, products);
  const Scalar* sums = saved.bias_sums.data();
  simd::add_row(3 * H, sums, gradients.b_hh.data());
  simd::add_row(2 * H, sums, gradients.b_ih.data());
  simd::add_row(H, sums + 3 * H, gradients.b_ih.data() + 2 * H);
}

template <class Scalar>
void gru_inputs_backward(const GruParameters<Scalar>& p, View<const Scalar> x, const Matrix<Scalar>& dgates,
                         Matrix<Scalar>* dx, Matrix<Scalar>& dw_ih, Precision products) {
  const Index H = p.w_hh.cols();
  const View<const Scalar> rz = view(dgates).column_range(0, 2 * H), n = view(dgates).column_range(3 * H, H);
  product<Scalar>(rz.transposed(), x, view(dw_ih).row_range(0, 2 * H), Into::add, products);
  product<Scalar>(n.transposed(), x, view(dw_ih).row_range(2 * H, H), Into::add, products);
  if (!dx) return;
  dx->resize(x.rows, x.columns);
  product<Scalar>(rz, view(p.w_ih).row_range(0, 2 * H), view(*dx), Into::assign, products);
  product<Scalar>(n, view(p.w_ih).row_range(2 * H, H), view(*dx), Into::add, products);
}

template <class Scalar>
void gru_backward(const GruParameters<Scalar>& p, View<const Scalar> x, Index B, GruSaved<Scalar>& saved,
                  const Matrix<Scalar>& dh, Matrix<Scalar>* dx, GruParameters<Scalar>& gradients, Precision products) {
  detail::require_shape_of("gru: gradient of w_ih", gradients.w_ih, p.w_ih);
  gru_steps_backward(p, B, saved, dh, gradients, products);
  gru_inputs_backward(p, x, saved.gates, dx, gradients.w_ih, products);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
