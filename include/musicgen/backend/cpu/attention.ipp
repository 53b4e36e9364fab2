// Definitions of attention.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "../../core/thread_pool.hpp"
#include "attention.hpp"
#include "product.hpp"
#include "simd/arithmetic.hpp"
#include "simd/elementwise.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

namespace detail {

inline constexpr Index query_block = 64;

/// What the calling thread needs for one sequence.
template <class Scalar>
struct AttentionScratch {
  Packed<Scalar> rows, columns, block;
  Matrix<Scalar> scores, dscores;
  std::vector<std::int32_t> places;
  static AttentionScratch& of_this_thread() {
    thread_local AttentionScratch scratch;
    return scratch;
  }
};

/// Rows of sequence b in a time-major (n*B, H) matrix: (n, H).
template <class Scalar>
View<Scalar> sequence(View<Scalar> m, Index b, Index B) {
  return {m.data + b * m.row_stride, m.rows / B, m.columns, m.row_stride * B, m.column_stride};
}

/// Where v_s is among the outputs: s + this.
constexpr Index offset_of(AttentionValue value) {
  return value == AttentionValue::successor ? 1 : 0;
}

/// The places of sequence b, one after the other; none if there are none.
template <class Scalar>
void gather_places(const AttentionPlaces<Scalar>& places, Index b, Index B, std::vector<std::int32_t>& out) {
  out.clear();
  if (places.empty()) return;
  for (auto i = static_cast<std::size_t>(b); i < places.places.size(); i += static_cast<std::size_t>(B))
    out.push_back(places.places[i]);
}

/// Adds to the scores of query t what earlier outputs at its place are worth.
template <class Scalar>
void prefer_place(std::span<const std::int32_t> places, Index t, Index earlier, Scalar worth, Scalar* scores) {
  const std::int32_t here = places[static_cast<std::size_t>(t)];
  if (here < 0) return;
  for (Index s = 0; s < earlier; ++s) scores[s] += places[static_cast<std::size_t>(s)] == here ? worth : Scalar(0);
}

/// Products (rows, keys) of queries first ... first+rows-1 with keys become attention weights; 0 where s >= t.
/// @param h       (T, H), of the sequence
/// @param places  (T), or none
template <class Scalar>
void softmax_of_earlier(View<Scalar> scores, Index first, float scale, View<const Scalar> h,
                        std::span<const std::int32_t> places, std::span<const Scalar> weight) {
  for (Index i = 0; i < scores.rows; ++i) {
    Scalar* row = scores.data + i * scores.row_stride;
    const Index t = first + i, earlier = std::min(t, scores.columns);
    if (scale != 1)
      simd::transform_row(earlier, row, [&](const auto& score) { return score * static_cast<Scalar>(scale); });
    if (!places.empty())
      prefer_place(places, t, earlier,
                   std::inner_product(weight.begin(), weight.end(), h.data + t * h.row_stride, Scalar(0)), row);
    simd::softmax_row(row, earlier);
    std::fill(row + earlier, row + scores.columns, Scalar(0));
  }
}

/// @param da  (earlier), of query t; added to
template <class Scalar>
void add_copy_gradient(const CopyGradient<Scalar>& copied, Index q, Index t, Index earlier, Index b, Scalar* da) {
  const auto row = static_cast<std::size_t>(q * copied.source.B + b);
  const Token y = copied.targets[row];
  const Scalar M = copied.saved->place_weights[row], hits = copied.saved->hits[row], share = copied.saved->shares[row];
  for (Index s = 0; s < earlier; ++s) {
    const Scalar is_target = copied.source.after(s, b) == y ? Scalar(1) : Scalar(0);
    if (M == 0)
      da[s] -= share * is_target;
    else if (copied.source.same_place(s, t, b))
      da[s] -= share / M * (is_target - hits);
  }
}

/// The gradient through w . h_t, which is that of all scores at the place of t.
/// @param ds  (earlier), g times the scores' gradient
template <class Scalar>
void prefer_place_backward(std::span<const std::int32_t> places, Index t, Index earlier, const Scalar* ds, Scalar scale,
                           std::span<const Scalar> weight, const Scalar* h, Scalar* dh, std::span<Scalar> dweight) {
  const std::int32_t here = places[static_cast<std::size_t>(t)];
  if (here < 0) return;
  Scalar sum = 0;
  for (Index s = 0; s < earlier; ++s)
    if (places[static_cast<std::size_t>(s)] == here) sum += ds[s];
  sum /= scale;
  for (std::size_t j = 0; j < weight.size(); ++j) {
    dh[j] += sum * weight[j];
    dweight[j] += sum * h[j];
  }
}

}  // namespace detail

template <class Scalar>
void attention_forward(View<const Scalar> h, Index B, Index Q, AttentionOptions options, Matrix<Scalar>& context,
                       AttentionSaved<Scalar>* saved, const AttentionPlaces<Scalar>& places) {
  const Index T = h.rows / B, first_query = T - Q, offset = detail::offset_of(options.value);
  context.resize(Q * B, h.columns);
  if (saved) saved->weights.resize(B * Q, T);
  thread_pool().parallel_for(B, [&](Index b) {
    auto& scratch = detail::AttentionScratch<Scalar>::of_this_thread();
    const View<const Scalar> keys = detail::sequence<const Scalar>(h, b, B);
    const View<Scalar> c = detail::sequence<Scalar>(view(context), b, B);
    detail::gather_places(places, b, B, scratch.places);
    scratch.columns.pack(keys.transposed());
    scratch.rows.pack(keys.row_range(offset, T - offset));  // the values
    for (Index q = 0; q < Q; q += detail::query_block) {
      const Index rows = std::min(detail::query_block, Q - q), t = first_query + q, earlier = t + rows - 1;
      View<Scalar> scores{nullptr, rows, earlier, T};
      if (saved) {
        scores.data = saved->weights.row(b * Q + q).data();
      } else {
        scratch.scores.resize(rows, T);
        scores.data = scratch.scores.data();
      }
      const Index panels = (earlier + scratch.columns.width() - 1) / scratch.columns.width();
      product_on_this_thread<Scalar>(keys.row_range(t, rows), scratch.columns, {scores.data, rows, T, T}, Into::assign,
                                     0, panels);
      detail::softmax_of_earlier<Scalar>(scores, t, options.scale, keys, scratch.places, places.weight);
      product_on_this_thread<Scalar>(scores, scratch.rows, c.row_range(q, rows));
    }
  });
}

template <class Scalar>
void attention_backward(View<const Scalar> h, Index B, Index Q, AttentionOptions options,
                        const AttentionSaved<Scalar>& saved, const Matrix<Scalar>& dcontext, View<Scalar> dh,
                        const CopyGradient<Scalar>& copied, const AttentionPlaces<Scalar>& places,
                        std::span<Scalar> dweight) {
  const Index T = h.rows / B, first_query = T - Q, offset = detail::offset_of(options.value);
  auto dweights = Matrix<Scalar>::Zero(places.empty() ? 0 : B, h.columns);  // a row of each sequence
  thread_pool().parallel_for(B, [&](Index b) {
    auto& scratch = detail::AttentionScratch<Scalar>::of_this_thread();
    const View<const Scalar> keys = detail::sequence<const Scalar>(h, b, B);
    const View<const Scalar> dc = detail::sequence<const Scalar>(view(dcontext), b, B);
    const View<Scalar> dkeys = detail::sequence<Scalar>(dh, b, B);
    detail::gather_places(places, b, B, scratch.places);
    scratch.rows.pack(keys);
    scratch.columns.pack(keys.row_range(offset, T - offset).transposed());  // the values
    scratch.dscores.resize(detail::query_block, T);
    for (Index q = 0; q < Q; q += detail::query_block) {
      const Index rows = std::min(detail::query_block, Q - q), t = first_query + q, earlier = t + rows - 1;
      if (earlier == 0) continue;
      const View<const Scalar> a{saved.weights.row(b * Q + q).data(), rows, earlier, T};
      const View<Scalar> ds{scratch.dscores.data(), rows, earlier, T};
      const Index panels = (earlier + scratch.columns.width() - 1) / scratch.columns.width();
      product_on_this_thread<Scalar>(dc.row_range(q, rows), scratch.columns, {ds.data, rows, T, T}, Into::assign, 0,
                                     panels);  // dA
      for (Index i = 0; i < rows; ++i) {
        Scalar* d = ds.data + i * T;
        const Scalar *weights = a.data + i * T, scale = static_cast<Scalar>(options.scale);
        if (copied.saved) detail::add_copy_gradient(copied, q + i, t + i, std::min(earlier, t + i), b, d);
        Scalar sum = 0;
        for (Index s = 0; s < earlier; ++s) sum += d[s] * weights[s];
        simd::transform_row(
            earlier, d, [&](const auto& da, const auto& weight) { return scale * weight * (da - sum); }, weights);
        if (!scratch.places.empty())
          detail::prefer_place_backward<Scalar>(scratch.places, t + i, earlier, d, scale, places.weight,
                                                keys.data + (t + i) * keys.row_stride,
                                                dkeys.data + (t + i) * dkeys.row_stride, dweights.row(b));
      }
      product_on_this_thread<Scalar>(ds, scratch.rows, dkeys.row_range(t, rows), Into::add);
      scratch.block.pack(keys.row_range(t, rows));
      product_on_this_thread<Scalar>(ds.transposed(), scratch.block, dkeys.row_range(0, earlier), Into::add);
      scratch.block.pack(dc.row_range(q, rows));
      product_on_this_thread<Scalar>(a.transposed(), scratch.block, dkeys.row_range(offset, earlier), Into::add);
    }
  });
  for (Index b = 0; b < dweights.rows(); ++b) simd::add_row(h.columns, dweights.row(b).data(), dweight.data());
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
