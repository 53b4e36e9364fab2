// Copying: what came after the positions that attention looks at gets a share of the probability (pointer sentinel
// mixture: Merity et al. 2017; neural cache: Grave et al. 2017). If the model knows places of the form, and the present
// one has been there before, it is those that it copies from: a chorus comes from the last chorus, not from the bars
// before it, whatever the song has come to.
//
//   z (V+1), p = softmax(z)             P(k) = p_k + p_V sum over s < t with x_{s+1} = k of c_ts
//   c_ts = a_ts,  or where M_t > 0      a_ts / M_t at the place of t, and 0 elsewhere; M_t = sum of a_ts at the place
//
// With C the sum for the target y, r_y = p_y / P(y) and r_V = 1 - r_y, the shares of both in what came:
//
//   dz = p - r      da_ts = -p_V / P(y) [x_{s+1} = y],  or -p_V / (P(y) M_t) ([x_{s+1} = y] - C) at the place of t
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
  std::vector<Scalar> shares;         ///< (Q*B)  p_V / (P(y) count)
  std::vector<Scalar> place_weights;  ///< (Q*B)  M; 0: copied from anywhere
  std::vector<Scalar> hits;           ///< (Q*B)  C
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

/// Of probabilities; one of none becomes that of 1e-30.
template <class Scalar>
void to_logarithms(const Scalar* p, Index count, Scalar* logarithms) {
  for (Index k = 0; k < count; ++k) logarithms[k] = std::log(std::max(p[k], Scalar(1e-30)));
}

}  // namespace detail

/// @param logits   (Q*B, V+1); becomes its gradient
/// @param weights  (B*Q, T), attention's
/// @param saved    assigned
/// @return  the mean over the targets
template <class Scalar>
Scalar copying_cross_entropy(Matrix<Scalar>& logits, const Matrix<Scalar>& weights, const CopySource& source,
                             std::span<const Token> targets, std::vector<Scalar>& nll, CopySaved<Scalar>& saved) {
  const Index N = logits.rows(), B = source.B, Q = N / B, T = weights.cols(), V = logits.cols() - 1;
  for (auto* all : {&nll, &saved.shares, &saved.place_weights, &saved.hits})
    all->assign(static_cast<std::size_t>(N), 0);
  const auto count = std::count_if(targets.begin(), targets.end(), [](Token t) { return t != no_token; });
  const Scalar part = 1 / static_cast<Scalar>(std::max<std::ptrdiff_t>(1, count));
  thread_pool().parallel_for(N, [&](Index row) {
    const auto at = static_cast<std::size_t>(row);
    Scalar* const z = logits.row(row).data();
    const Token y = targets[at];
    if (y == no_token) {
      std::fill_n(z, V + 1, Scalar(0));
      return;
    }
    simd::softmax_row(z, V + 1);
    const Index q = row / B, b = row % B, t = T - Q + q;
    const Scalar* const a = weights.row(b * Q + q).data();
    const Scalar M = detail::weight_at_place(source, a, t, b);
    Scalar copied = 0;
    for (Index s = 0; s < t; ++s)
      if (source.after(s, b) == y && (M == 0 || source.same_place(s, t, b))) copied += a[s];
    if (M > 0) copied /= M;
    const Scalar P = std::max(z[y] + z[V] * copied, Scalar(1e-30));
    const Scalar own = z[y] / P;
    nll[at] = -std::log(P);
    saved.shares[at] = z[V] / P * part;
    saved.place_weights[at] = M;
    saved.hits[at] = copied;
    z[y] -= own;
    z[V] -= 1 - own;
    for (Index k = 0; k <= V; ++k) z[k] *= part;
  });
  Scalar sum = 0;
  for (const Scalar one : nll) sum += one;
  return sum * part;
}

/// log P of all tokens.
/// @param logits  (Q*B, V+1), of no meaning afterwards
/// @param mixed  (Q*B, V), assigned
template <class Scalar>
void mix_copies(Matrix<Scalar>& logits, const Matrix<Scalar>& weights, const CopySource& source,
                Matrix<Scalar>& mixed) {
  const Index N = logits.rows(), B = source.B, Q = N / B, T = weights.cols(), V = logits.cols() - 1;
  mixed.resize(N, V);
  thread_pool().parallel_for(N, [&](Index row) {
    Scalar* const z = logits.row(row).data();
    simd::softmax_row(z, V + 1);
    const Index q = row / B, b = row % B, t = T - Q + q;
    const Scalar* const a = weights.row(b * Q + q).data();
    const Scalar M = detail::weight_at_place(source, a, t, b), share = M > 0 ? z[V] / M : z[V];
    for (Index s = 0; s < t; ++s)
      if (M == 0 || source.same_place(s, t, b)) z[source.after(s, b)] += share * a[s];
    detail::to_logarithms(z, V, mixed.row(row).data());
  });
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
