// All weights of a network in the device's memory, and their form on the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "../../core/config.hpp"
#include "../backend.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// Where each tensor begins: one after another in the order of `tensor_shapes`, each at a multiple of 128 bytes, so
/// that the optimizer sees a single array.
struct Layout {
  Dimensions dimensions;
  std::vector<std::size_t> begins;  ///< of each tensor, and the end of all

  explicit Layout(const Dimensions& d = {}) : dimensions(d) {
    if (d.on_cpu_only()) throw Error("CUDA: models with contexts, or that copy, run on the CPU alone");
    constexpr std::size_t multiple = 32;
    std::size_t at = 0;
    for (const auto& t : tensor_shapes(d)) {
      begins.push_back(at);
      at += (static_cast<std::size_t>(element_count(t.shape)) + multiple - 1) / multiple * multiple;
    }
    begins.push_back(at);
  }
  std::size_t size() const { return begins.back(); }
};

template <class T>
struct GruTensors {
  View<T> w_ih;  ///< (3H, I)  W_r, W_z, W_n
  View<T> w_hh;  ///< (3H, H)  U_r, U_z, U_n
  T* b_ih;       ///< (3H)
  T* b_hh;       ///< (3H)
};

template <class T>
struct HeadTensors {
  View<T> w1;  ///< (H, 2H)
  T* b1;       ///< (H)
  View<T> w2;  ///< (V, H)
  T* b2;       ///< (V)
};

/// The tensors by name.
template <class T>
struct Tensors {
  const Layout* layout;
  T* values;

  View<T> embedding() const { return matrix(0, layout->dimensions.V, layout->dimensions.E); }
  GruTensors<T> gru(int l) const {
    const Dimensions& d = layout->dimensions;
    const std::size_t first = 1 + 4 * static_cast<std::size_t>(l);
    return {matrix(first, 3 * d.H, l == 0 ? d.E : d.H), matrix(first + 1, 3 * d.H, d.H), at(first + 2), at(first + 3)};
  }
  HeadTensors<T> head() const {
    const Dimensions& d = layout->dimensions;
    const std::size_t first = 1 + 4 * static_cast<std::size_t>(d.L);
    return {matrix(first, d.H, 2 * d.H), at(first + 1), matrix(first + 2, d.V, d.H), at(first + 3)};
  }

 private:
  T* at(std::size_t tensor) const { return values + layout->begins[tensor]; }
  View<T> matrix(std::size_t tensor, int rows, int columns) const { return {at(tensor), rows, columns, columns}; }
};

/// Weights, or their gradients, or an optimizer's moments: the same shapes.
struct Parameters {
  Layout layout;
  Buffer<float> values;  ///< gaps between tensors are 0

  static Parameters zeros(const Dimensions& d) {
    Parameters p{Layout(d), {}};
    p.values.resize(p.layout.size());
    p.values.set_zero();
    return p;
  }
  Tensors<float> tensors() { return {&layout, values.data()}; }
  Tensors<const float> tensors() const { return {&layout, values.data()}; }
  void set_zero() { values.set_zero(); }
};

/// The same in the host's memory.
struct HostParameters {
  Layout layout;
  std::vector<float> values;

  static HostParameters zeros(const Dimensions& d) {
    HostParameters p{Layout(d), {}};
    p.values.resize(p.layout.size());
    return p;
  }
  std::vector<TensorView<float>> tensors() {
    std::vector<TensorView<float>> all;
    const std::size_t* begin = layout.begins.data();
    for (auto& t : tensor_shapes(layout.dimensions)) {
      const auto count = static_cast<std::size_t>(element_count(t.shape));
      all.push_back({std::move(t.name), std::move(t.shape), {values.data() + *begin++, count}});
    }
    return all;
  }
  std::vector<TensorView<const float>> tensors() const {
    std::vector<TensorView<const float>> all;
    for (auto& t : const_cast<HostParameters*>(this)->tensors()) all.push_back({t.name, t.shape, t.values});
    return all;
  }
};

/// What the products of a pass take: the weights and, if products are computed in bf16, their roundings.
struct Weights {
  Tensors<const float> exact;
  const bf16* rounded;  ///< nullptr: products are computed in fp32

  Factor factor(View<const float> m) const {
    if (!rounded) return {m};
    return {m, {rounded + (m.data - exact.values), m.rows, m.columns, m.stride, m.transposed}};
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
