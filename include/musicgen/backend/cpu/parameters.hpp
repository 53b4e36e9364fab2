// All weights of a network, by name.
#pragma once

#include <span>
#include <vector>

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "gru.hpp"
#include "head.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// The numbers of a matrix, row by row.
template <class M>
[[nodiscard]] auto values(M& m) {
  return std::span(m.data(), static_cast<std::size_t>(m.size()));
}

/// Weights, or their gradients, or an optimizer's moments: the same shapes.
template <class Scalar>
struct Parameters {
  Matrix<Scalar> embedding;                ///< (V + C, E)
  bool copies = false;                     ///< see Dimensions
  std::vector<GruParameters<Scalar>> gru;  ///< L layers
  HeadParameters<Scalar> head;

  [[nodiscard]] static Parameters zeros(const Dimensions& d);

  /// Calls f(name, layer, matrices...) for each matrix and row vector, with those of several sets of parameters side by
  /// side. `name` is that of PyTorch's state dict, without the layer's number, which follows it unless it is -1.
  /// Allocates nothing.
  template <class F, class... Sets>
  static void for_each(F&& f, Sets&... sets) {
    f("embed.weight", -1, sets.embedding...);
    const std::size_t layer_counts[] = {sets.gru.size()...};
    for (std::size_t l = 0; l < layer_counts[0]; ++l) {
      const int layer = static_cast<int>(l);
      f("gru.weight_ih_l", layer, sets.gru[l].w_ih...);
      f("gru.weight_hh_l", layer, sets.gru[l].w_hh...);
      f("gru.bias_ih_l", layer, sets.gru[l].b_ih...);
      f("gru.bias_hh_l", layer, sets.gru[l].b_hh...);
    }
    f("combine_ctx.weight", -1, sets.head.w1...);
    f("combine_ctx.bias", -1, sets.head.b1...);
    f("hidden2vocab.weight", -1, sets.head.w2...);
    f("hidden2vocab.bias", -1, sets.head.b2...);
  }

  /// Every tensor under its name.
  [[nodiscard]] std::vector<TensorView<Scalar>> tensors();
  [[nodiscard]] std::vector<TensorView<const Scalar>> tensors() const;

  void set_zero();
};

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "parameters.ipp"
#endif
