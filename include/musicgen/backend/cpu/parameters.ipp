// Definitions of parameters.hpp.
#pragma once

#include <string>
#include <type_traits>

#include "parameters.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

template <class Scalar>
Parameters<Scalar> Parameters<Scalar>::zeros(const Dimensions& d) {
  Parameters p;
  p.embedding.setZero(d.V + d.C, d.E);
  p.copies = d.copies;
  for (int l = 0; l < d.L; ++l) {
    GruParameters<Scalar>& layer = p.gru.emplace_back();
    layer.w_ih.setZero(3 * d.H, l == 0 ? d.E : d.H);
    layer.w_hh.setZero(3 * d.H, d.H);
    layer.b_ih.setZero(3 * d.H);
    layer.b_hh.setZero(3 * d.H);
  }
  p.head.w1.setZero(d.H, 2 * d.H);
  p.head.b1.setZero(d.H);
  p.head.w2.setZero(d.outputs(), d.H);
  p.head.b2.setZero(d.outputs());
  return p;
}

template <class Scalar>
std::vector<TensorView<Scalar>> Parameters<Scalar>::tensors() {
  std::vector<TensorView<Scalar>> all;
  for_each(
      [&](const char* name, int layer, auto& m) {
        using M = std::remove_reference_t<decltype(m)>;
        constexpr bool vector = std::is_same_v<M, RowVector<Scalar>>;
        const Shape shape = vector ? Shape{m.size()} : Shape{m.rows(), m.cols()};
        all.push_back({layer < 0 ? name : name + std::to_string(layer), shape, values(m)});
      },
      *this);
  return all;
}
template <class Scalar>
std::vector<TensorView<const Scalar>> Parameters<Scalar>::tensors() const {
  std::vector<TensorView<const Scalar>> all;
  for (auto& t : const_cast<Parameters*>(this)->tensors()) all.push_back({t.name, t.shape, t.values});
  return all;
}

template <class Scalar>
void Parameters<Scalar>::set_zero() {
  for_each([](const char*, int, auto& m) { m.setZero(); }, *this);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
