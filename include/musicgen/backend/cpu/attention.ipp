// Definitions of attention.hpp.
#pragma once

#include <algorithm>

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

/// v_s is the output at s plus this.
constexpr Index offset_of(AttentionValue value) {
  return value == AttentionValue::successor ? 1 : 0;
}

/// Turns products (rows, keys) of queries first ... first+rows-1 with keys into attention weights; 0 where s >= t.
template <class Scalar>
void softmax_of_earlier(View<Scalar> scores, Index first, float scale) {
  for (Index i = 0; i < scores.rows; ++i) {
    Scalar* row = scores.data + i * scores.row_stride;
    const Index earlier = std::min(first + i, scores.columns);
    if (scale != 1)
      simd::transform_row(earlier, row, [&](const auto& score) { return score * static_cast<Scalar>(scale); });
    simd::softmax_row(row, earlier);
    std::fill(row + earlier, row + scores.columns, Scalar(0));
  }
}

}  // namespace detail

template <class Scalar>
void attention_forward(View<const Scalar> h, Index B, Index Q, AttentionOptions options, Matrix<Scalar>& context,
                       AttentionSaved<Scalar>* saved) {
  const Index T = h.rows / B, first_query = T - Q, offset = detail::offset_of(options.value);
  context.resize(Q * B, h.columns);
  if (saved) saved->weights.resize(B * Q, T);
  thread_pool().parallel_for(B, [&](Index b) {
    auto& scratch = detail::AttentionScratch<Scalar>::of_this_thread();
    const View<const Scalar> keys = detail::sequence<const Scalar>(h, b, B);
    const View<Scalar> c = detail::sequence<Scalar>(view(context), b, B);
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
      detail::softmax_of_earlier(scores, t, options.scale);
      product_on_this_thread<Scalar>(scores, scratch.rows, c.row_range(q, rows));
    }
  });
}

template <class Scalar>
void attention_backward(View<const Scalar> h, Index B, Index Q, AttentionOptions options,
                        const AttentionSaved<Scalar>& saved, const Matrix<Scalar>& dcontext, View<Scalar> dh,
                        const CopyGradient<Scalar>& copied) {
  const Index T = h.rows / B, first_query = T - Q, offset = detail::offset_of(options.value);
  thread_pool().parallel_for(B, [&](Index b) {
    auto& scratch = detail::AttentionScratch<Scalar>::of_this_thread();
    const View<const Scalar> keys = detail::sequence<const Scalar>(h, b, B);
    const View<const Scalar> dc = detail::sequence<const Scalar>(view(dcontext), b, B);
    const View<Scalar> dkeys = detail::sequence<Scalar>(dh, b, B);
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
        if (!copied.shares.empty()) {
          const auto row = static_cast<std::size_t>((q + i) * B + b);
          for (Index s = 0; s < std::min(earlier, t + i); ++s)
            if (copied.inputs[static_cast<std::size_t>((s + 1) * B + b)] == copied.targets[row])
              d[s] -= copied.shares[row];
        }
        Scalar sum = 0;
        for (Index s = 0; s < earlier; ++s) sum += d[s] * weights[s];
        simd::transform_row(
            earlier, d, [&](const auto& da, const auto& weight) { return scale * weight * (da - sum); }, weights);
      }
      product_on_this_thread<Scalar>(ds, scratch.rows, dkeys.row_range(t, rows), Into::add);
      scratch.block.pack(keys.row_range(t, rows));
      product_on_this_thread<Scalar>(ds.transposed(), scratch.block, dkeys.row_range(0, earlier), Into::add);
      scratch.block.pack(dc.row_range(q, rows));
      product_on_this_thread<Scalar>(a.transposed(), scratch.block, dkeys.row_range(offset, earlier), Into::add);
    }
  });
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
