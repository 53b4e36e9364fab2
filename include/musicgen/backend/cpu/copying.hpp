// Copying: what came after the positions that attention looks at gets a share of the probability (pointer sentinel
// mixture: Merity et al. 2017; neural cache: Grave et al. 2017). If the model knows places of the form, what came after
// those at the present place has a share of its own: a chorus is copied from the last chorus, however the song came
// there.
//
//   z (V+1 or V+2), p = softmax(z)      b_ts = a_ts / sum over s' at the place of t of a_ts', 0 for other s
//
//   P(k) = p_k + p_V sum over s < t with x_{s+1} = k of a_ts + p_W sum over the same s of b_ts,    W = V + 1
//
// Where nothing was at the place of t before, p_W = 0. With A, B the sums for the target y, r_y = p_y / P(y),
// r_V = p_V A / P(y), r_W = p_W B / P(y), the shares of the three in what came:
//
//   dz = p - r,   da_ts = -p_V / P(y) [x_{s+1} = y] - p_W / (P(y) M_t) ([x_{s+1} = y] - B) [s at the place of t],
//
// M_t being the sum that b is divided by.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "../../core/config.hpp"
#include "../../core/thread_pool.hpp"
#include "../../tokens/vocabulary.hpp"
#include "matrix.hpp"
#include "simd/elementwise.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// What the backward pass of attention needs of copying.
template <class Scalar>
struct CopySaved {
  std::vector<Scalar> shares;        ///< (Q*B)  p_V / (P(y) count)
  std::vector<Scalar> place_shares;  ///< (Q*B)  p_W / (P(y) M count)
  std::vector<Scalar> place_hits;    ///< (Q*B)  B
};

/// Tokens that may be copied, time outermost.
struct CopySource {
  Index B;
  std::span<const Token> inputs;         ///< (T*B)
  std::span<const std::int32_t> places;  ///< (T*B), in the form, negative: like no other; or none
  [[nodiscard]] Token after(Index s, Index b) const { return inputs[static_cast<std::size_t>((s + 1) * B + b)]; }
  [[nodiscard]] bool has_places() const { return !places.empty(); }
  [[nodiscard]] bool same_place(Index s, Index t, Index b) const {
    const std::int32_t here = places[static_cast<std::size_t>(t * B + b)];
    return here >= 0 && places[static_cast<std::size_t>(s * B + b)] == here;
  }
};

namespace detail {

/// Less than this at a place, and there is nothing to copy from it.
template <class Scalar>
inline constexpr Scalar least_weight = Scalar(1e-30);

/// How much of the attention (T) of position t is at its place.
template <class Scalar>
Scalar weight_at_place(const CopySource& source, const Scalar* attention, Index t, Index b) {
  Scalar sum = 0;
  if (source.has_places())
    for (Index s = 0; s < t; ++s)
      if (source.same_place(s, t, b)) sum += attention[s];
  return sum > least_weight<Scalar> ? sum : Scalar(0);
}

/// Softmax of the vocabulary and what there is to copy from, the last of which may be nothing.
/// @param outputs  V + 1, or V + 2 if the model copies from places
template <class Scalar>
void softmax_of_sources(Scalar* z, Index V, Index outputs, bool has_place) {
  const Index used = outputs - (outputs > V + 1 && !has_place ? 1 : 0);
  simd::softmax_row(z, used);
  std::fill(z + used, z + outputs, Scalar(0));
}

/// Of probabilities; one of none becomes that of 1e-30.
template <class Scalar>
void to_logarithms(const Scalar* p, Index count, Scalar* logarithms) {
  for (Index k = 0; k < count; ++k) logarithms[k] = std::log(std::max(p[k], Scalar(1e-30)));
}

}  // namespace detail

/// @param V        of the vocabulary
/// @param logits   (Q*B, V+1), or V+2 if the model copies from places; becomes its gradient
/// @param weights  (B*Q, T), attention's
/// @param saved    assigned
/// @return  the mean over the targets
template <class Scalar>
Scalar copying_cross_entropy(Index V, Matrix<Scalar>& logits, const Matrix<Scalar>& weights, const CopySource& source,
                             std::span<const Token> targets, std::vector<Scalar>& nll, CopySaved<Scalar>& saved) {
  const Index N = logits.rows(), B = source.B, Q = N / B, T = weights.cols(), outputs = logits.cols();
  for (auto* all : {&nll, &saved.shares, &saved.place_shares, &saved.place_hits})
    all->assign(static_cast<std::size_t>(N), 0);
  const auto count = std::count_if(targets.begin(), targets.end(), [](Token t) { return t != no_token; });
  const Scalar part = 1 / static_cast<Scalar>(std::max<std::ptrdiff_t>(1, count));
  thread_pool().parallel_for(N, [&](Index row) {
    const auto at = static_cast<std::size_t>(row);
    Scalar* const z = logits.row(row).data();
    const Token y = targets[at];
    if (y == no_token) {
      std::fill_n(z, outputs, Scalar(0));
      return;
    }
    const Index q = row / B, b = row % B, t = T - Q + q;
    const Scalar* const a = weights.row(b * Q + q).data();
    const Scalar M = detail::weight_at_place(source, a, t, b);
    detail::softmax_of_sources(z, V, outputs, M > 0);
    Scalar copied = 0, copied_at_place = 0;
    for (Index s = 0; s < t; ++s)
      if (source.after(s, b) == y) {
        copied += a[s];
        if (M > 0 && source.same_place(s, t, b)) copied_at_place += a[s] / M;
      }
    const Scalar of_place = outputs > V + 1 ? z[V + 1] : 0;
    const Scalar P = std::max(z[y] + z[V] * copied + of_place * copied_at_place, Scalar(1e-30));
    nll[at] = -std::log(P);
    saved.shares[at] = z[V] / P * part;
    saved.place_shares[at] = M > 0 ? of_place / (P * M) * part : Scalar(0);
    saved.place_hits[at] = copied_at_place;
    z[y] -= z[y] / P;
    z[V] -= z[V] * copied / P;
    if (outputs > V + 1) z[V + 1] -= of_place * copied_at_place / P;
    for (Index k = 0; k < outputs; ++k) z[k] *= part;
  });
  Scalar sum = 0;
  for (const Scalar one : nll) sum += one;
  return sum * part;
}

/// log P of all tokens.
/// @param logits  as above, of no meaning afterwards
/// @param mixed  (Q*B, V), assigned
template <class Scalar>
void mix_copies(Index V, Matrix<Scalar>& logits, const Matrix<Scalar>& weights, const CopySource& source,
                Matrix<Scalar>& mixed) {
  const Index N = logits.rows(), B = source.B, Q = N / B, T = weights.cols(), outputs = logits.cols();
  mixed.resize(N, V);
  thread_pool().parallel_for(N, [&](Index row) {
    Scalar* const z = logits.row(row).data();
    const Index q = row / B, b = row % B, t = T - Q + q;
    const Scalar* const a = weights.row(b * Q + q).data();
    const Scalar M = detail::weight_at_place(source, a, t, b);
    detail::softmax_of_sources(z, V, outputs, M > 0);
    for (Index s = 0; s < t; ++s) {
      const bool at_place = M > 0 && source.same_place(s, t, b);
      z[source.after(s, b)] += a[s] * (at_place ? z[V] + z[V + 1] / M : z[V]);
    }
    detail::to_logarithms(z, V, mixed.row(row).data());
  });
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
