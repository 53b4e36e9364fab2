// Attention of each output over the earlier ones (Luong et al. 2015, dot score). Derivation: docs/attention.md.
//
//   score_ts = g h_t . h_s  for s < t      a_t = softmax_s(score_t)        c_t = sum_s a_ts v_s,  c_0 = 0
//   v_s = h_s (match) or h_{s+1} (successor), g the scale
//
// Where outputs have places in a form (bar 3 of phrase A, second beat), those at the present place are preferred, as
// much as the present output says:
//
//   score_ts = g h_t . h_s + [place_s = place_t] w . h_t
//
// For queries t of the last positions. With A (Q, T), H the outputs, V the values (rows of H, moved up by none or one)
// and dC the gradient of the contexts:
//
//   dA = dC V'        dS = g A * (dA - rowsum(dA * A))      dH_queries += dS H        dH += dS' H_queries
//   dV += A' dC
//
// Sequences do not depend on each other; a thread takes one at a time. Queries come in blocks, so that the products
// leave out most of the pairs that s < t forbids.
#pragma once

#include <cstdint>
#include <span>

#include "../../core/config.hpp"
#include "../../tokens/vocabulary.hpp"
#include "../backend.hpp"
#include "copying.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// What the forward pass keeps: a_ts of all sequences. Columns past the last s that a block of queries may see hold
/// nothing of meaning.
template <class Scalar>
struct AttentionSaved {
  Matrix<Scalar> weights;  ///< (B*Q, T)
};

/// Where in the form each output is, and what equal places are worth. None: nothing is preferred.
template <class Scalar>
struct AttentionPlaces {
  std::span<const std::int32_t> places{};  ///< (T*B); negative: like no other
  std::span<const Scalar> weight{};        ///< (H), w
  [[nodiscard]] bool empty() const { return weight.empty() || places.empty(); }
};

/// @param h        (T*B, H), the outputs of the top layer
/// @param Q        how many of the last positions ask
/// @param context  (Q*B, H), assigned
/// @param saved     nullptr: no backward pass will follow
template <class Scalar>
void attention_forward(View<const Scalar> h, Index B, Index Q, AttentionOptions options, Matrix<Scalar>& context,
                       AttentionSaved<Scalar>* saved, const AttentionPlaces<Scalar>& places = {});

/// What copying wants of the weights: copying.hpp.
template <class Scalar>
struct CopyGradient {
  CopySource source{};
  std::span<const Token> targets{};          ///< (Q*B)
  const CopySaved<Scalar>* saved = nullptr;  ///< nullptr: nothing was copied
};

/// @param dcontext  (Q*B, H)
/// @param dh        (T*B, H), added to
/// @param dweight   (H), of the places' weight, added to; none if there are no places
template <class Scalar>
void attention_backward(View<const Scalar> h, Index B, Index Q, AttentionOptions options,
                        const AttentionSaved<Scalar>& saved, const Matrix<Scalar>& dcontext, View<Scalar> dh,
                        const CopyGradient<Scalar>& copied = {}, const AttentionPlaces<Scalar>& places = {},
                        std::span<Scalar> dweight = {});

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "attention.ipp"
#endif
