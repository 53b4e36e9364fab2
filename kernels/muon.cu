#include "muon.cuh"

#include <algorithm>
#include <cmath>
#include <musicgen/backend/cuda/muon.hpp>

#include "launch.hpp"
#include "product.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

namespace {

/// Matrices of the same shape, one after another.
struct Group {
  int count, rows, columns;
  std::int64_t size() const { return static_cast<std::int64_t>(rows) * columns; }
  std::int64_t few() const { return std::min(rows, columns); }
};

/// Calls f(group, place(tensors)) for everything that learns by Muon, as muon_parts() in backend/cpu/muon.hpp.
template <class F>
void for_each_group(const Dimensions& d, F&& f) {
  for (int l = 0; l < d.L; ++l) {
    f(Group{3, d.H, l == 0 ? d.E : d.H}, [l](const auto& tensors) { return tensors.gru(l).w_ih.data; });
    f(Group{3, d.H, d.H}, [l](const auto& tensors) { return tensors.gru(l).w_hh.data; });
  }
  f(Group{1, d.H, 2 * d.H}, [](const auto& tensors) { return tensors.head().w1.data; });
}

/// The sizes of the largest group, and of its products with itself.
struct Sizes {
  std::size_t all = 0, squares = 0;

  explicit Sizes(const Dimensions& d) {
    for_each_group(d, [&](const Group& group, auto&&) {
      all = std::max(all, static_cast<std::size_t>(group.count * group.size()));
      squares = std::max(squares, static_cast<std::size_t>(group.count * group.few() * group.few()));
    });
  }
};

/// Each X := approximately the nearest matrix with all singular values 1.
void orthogonalize(const Group& group, MuonSaved& saved) {
  const int few = static_cast<int>(group.few());
  const std::int64_t size = group.size(), n = group.count * size, square = group.few() * group.few();
  const View<float> x{saved.x.data(), group.rows, group.columns, group.columns},
      y{saved.y.data(), group.rows, group.columns, group.columns}, a{saved.a.data(), few, few, few},
      p{saved.p.data(), few, few, few};
  const bool high = group.rows > group.columns;
  const View<const float> X = x, A = a, P = p;
  kernels::shrink_to_norm_1(x.data, group.count, size, saved.parts.data(), launches());
  for (int i = 0; i < 5; ++i) {
    multiply(high ? X.t() : X, high ? X : X.t(), a, 1, 0, {group.count, size, size, square});
    multiply(A, A, p, 1, 0, {group.count, square, square, square});
    kernels::combine(-4.7750f, a.data, 2.0315f, group.count * square, p.data, launches());
    if (high)
      multiply(X, P, y, 1, 0, {group.count, size, square, size});
    else
      multiply(P, X, y, 1, 0, {group.count, square, size, size});
    kernels::combine(1, y.data, 3.4445f, n, x.data, launches());
  }
}

}  // namespace

std::size_t muon_bytes(const Dimensions& d) {
  const Sizes sizes(d);
  return sizeof(float) * (2 * sizes.all + 2 * sizes.squares) + sizeof(double) * 3 * kernels::parts_of_a_matrix;
}

void muon_update(Parameters& w, const Parameters& g, Parameters& m, const float* factor, const float* numbers,
                 float momentum, MuonSaved& saved) {
  const Dimensions& d = w.layout.dimensions;
  const Sizes sizes(d);
  for (Buffer<float>* buffer : {&saved.x, &saved.y}) buffer->resize(sizes.all);
  for (Buffer<float>* buffer : {&saved.a, &saved.p}) buffer->resize(sizes.squares);
  saved.parts.resize(3 * kernels::parts_of_a_matrix);
  for_each_group(d, [&](const Group& group, auto&& place) {
    const std::int64_t n = group.count * group.size();
    kernels::muon_direction(factor, momentum, place(g.tensors()), n, place(m.tensors()), saved.x.data(), launches());
    orthogonalize(group, saved);
    const float scale = 0.2f * std::sqrt(static_cast<float>(std::max(group.rows, group.columns)));
    kernels::muon_apply(factor, numbers, scale, saved.x.data(), n, place(w.tensors()), launches());
  });
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
