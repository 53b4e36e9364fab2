// All weights of a network, by name.
#pragma once

#include <string>
#include <vector>

#include "../backend.hpp"
#include "gru.hpp"
#include "head.hpp"
#include "matrix.hpp"

namespace musicgen::cpu {

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

  /// Every tensor, under the name that PyTorch's state dict of this network has for it.
  std::vector<TensorView<Scalar>> tensors() {
    std::vector<TensorView<Scalar>> all;
    const auto matrix = [&](std::string name, Matrix<Scalar>& m) {
      all.push_back({std::move(name), {m.rows(), m.cols()}, {m.data(), static_cast<std::size_t>(m.size())}});
    };
    const auto vector = [&](std::string name, RowVector<Scalar>& v) {
      all.push_back({std::move(name), {v.size()}, {v.data(), static_cast<std::size_t>(v.size())}});
    };
    matrix("embed.weight", embedding);
    for (std::size_t l = 0; l < gru.size(); ++l) {
      const std::string suffix = "_l" + std::to_string(l);
      matrix("gru.weight_ih" + suffix, gru[l].w_ih);
      matrix("gru.weight_hh" + suffix, gru[l].w_hh);
      vector("gru.bias_ih" + suffix, gru[l].b_ih);
      vector("gru.bias_hh" + suffix, gru[l].b_hh);
    }
    matrix("combine_ctx.weight", head.w1);
    vector("combine_ctx.bias", head.b1);
    matrix("hidden2vocab.weight", head.w2);
    vector("hidden2vocab.bias", head.b2);
    return all;
  }
  std::vector<TensorView<const Scalar>> tensors() const {
    std::vector<TensorView<const Scalar>> all;
    for (auto& t : const_cast<Parameters*>(this)->tensors()) all.push_back({t.name, t.shape, t.values});
    return all;
  }

  void set_zero() {
    for (auto& t : tensors()) std::fill(t.values.begin(), t.values.end(), Scalar(0));
  }
};

}  // namespace musicgen::cpu
