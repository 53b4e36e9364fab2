// All weights of a network, by name.
#pragma once

#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "gru.hpp"
#include "head.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// The numbers of a matrix, row by row.
template <class M>
auto values(M& m) {
  return std::span(m.data(), static_cast<std::size_t>(m.size()));
}

/// Weights, or their gradients, or an optimizer's moments: the same shapes.
template <class Scalar>
struct Parameters {
  Matrix<Scalar> embedding;                ///< (V, E)
  std::vector<GruParameters<Scalar>> gru;  ///< L layers
  HeadParameters<Scalar> head;

  static Parameters zeros(const Dimensions& d) {
    Parameters p;
    p.embedding.setZero(d.V, d.E);
    for (int l = 0; l < d.L; ++l) {
      GruParameters<Scalar>& layer = p.gru.emplace_back();
      layer.w_ih.setZero(3 * d.H, l == 0 ? d.E : d.H);
      layer.w_hh.setZero(3 * d.H, d.H);
      layer.b_ih.setZero(3 * d.H);
      layer.b_hh.setZero(3 * d.H);
    }
    p.head.w1.setZero(d.H, 2 * d.H);
    p.head.b1.setZero(d.H);
    p.head.w2.setZero(d.V, d.H);
    p.head.b2.setZero(d.V);
    return p;
  }

  /// Calls f(name, layer, matrices...) for each matrix and row vector, those of several sets of parameters side by
  /// side: `name` is the one that PyTorch's state dict of this network has, but for the layer's number, which follows
  /// unless it is -1. Allocates nothing.
  template <class F, class... Sets>
  static void for_each(F&& f, Sets&... sets) {
    f("embed.weight", -1, sets.embedding...);
    const std::size_t layers = std::get<0>(std::tie(sets...)).gru.size();
    for (std::size_t l = 0; l < layers; ++l) {
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
  std::vector<TensorView<Scalar>> tensors() {
    std::vector<TensorView<Scalar>> all;
    for_each(
        [&](const char* name, int layer, auto& m) {
          using M = std::remove_reference_t<decltype(m)>;
          const Shape shape = M::IsVectorAtCompileTime ? Shape{m.size()} : Shape{m.rows(), m.cols()};
          all.push_back({layer < 0 ? name : name + std::to_string(layer), shape, values(m)});
        },
        *this);
    return all;
  }
  std::vector<TensorView<const Scalar>> tensors() const {
    std::vector<TensorView<const Scalar>> all;
    for (auto& t : const_cast<Parameters*>(this)->tensors()) all.push_back({t.name, t.shape, t.values});
    return all;
  }

  void set_zero() {
    for_each([](const char*, int, auto& m) { m.setZero(); }, *this);
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
