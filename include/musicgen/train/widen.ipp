// Definitions of widen.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "../core/error.hpp"
#include "../core/tensor.hpp"
#include "widen.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// A dimension of a weight, before and after. It consists of blocks of hidden units (three gates, or output and
/// context), each of which grows from `small` to `large`. A dimension without hidden units is one block that keeps its
/// size.
struct GrownDimension {
  std::int64_t small, large;
  GrownDimension(std::int64_t before, std::int64_t after, int hidden)
      : small(before == after ? before : hidden), large(after / (before / small)) {}
  /// The new index of `i`.
  std::int64_t place(std::int64_t i) const { return i / small * large + i % small; }
};

/// Copies a weight of the small network into its place in the large one's, and silences the new units of the last block
/// of rows: of a GRU's gates, the candidates.
template <class Scalar>
void grow_into(const TensorView<Scalar>& large, const TensorView<const Scalar>& small, int hidden) {
  const auto columns_of = [](const Shape& shape) { return shape.size() == 1 ? 1 : shape[1]; };
  const std::int64_t columns = columns_of(small.shape), new_columns = columns_of(large.shape);
  const GrownDimension row(small.shape[0], large.shape[0], hidden), column(columns, new_columns, hidden);
  std::fill(large.values.end() - (row.large - row.small) * new_columns, large.values.end(), Scalar{0});
  for (std::int64_t r = 0; r < small.shape[0]; ++r)
    for (std::int64_t c = 0; c < columns; ++c)
      large.values[static_cast<std::size_t>(row.place(r) * new_columns + column.place(c))] =
          small.values[static_cast<std::size_t>(r * columns + c)];
}

}  // namespace detail

template <Backend B>
Model<B> widened(const Model<B>& model, int hidden, std::uint64_t seed) {
  const int before = model.dimensions().H;
  if (hidden < before)
    throw Error("a model of " + std::to_string(before) + " hidden units does not grow to " + std::to_string(hidden));
  if (hidden == before) return model;
  ModelConfig config = model.config();
  config.dimensions.H = hidden;
  config.initialization = {};  // PyTorch's, whatever the smaller one began with
  typename B::HostParameters large = B::to_host(Model<B>(config, seed).weights());
  const typename B::HostParameters& small = B::to_host(model.weights());  // no copy if they are on the host
  const auto from = small.tensors();
  const auto to = large.tensors();
  for (std::size_t k = 0; k < to.size(); ++k) detail::grow_into(to[k], from[k], before);
  return Model<B>(std::move(config), B::from_host(std::move(large)));
}

}  // namespace musicgen::inline MUSICGEN_ABI
