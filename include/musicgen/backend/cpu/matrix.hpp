// Matrices of the CPU backend: Eigen's, row-major, and views with strides for the products.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <type_traits>

#include "../../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

using Index = Eigen::Index;

template <class Scalar>
using Matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class Scalar>
using RowVector = Eigen::Matrix<Scalar, 1, Eigen::Dynamic>;

/// A matrix that lies in memory at strides of its own: a block, every B-th row, a transpose.
template <class T>
struct View {
  T* data;
  Index rows, columns;
  Index row_stride, column_stride;

  View(T* first, Index row_count, Index column_count, Index stride, Index stride_of_columns = 1)
      : data(first), rows(row_count), columns(column_count), row_stride(stride), column_stride(stride_of_columns) {}
  /// The whole of a matrix.
  View(std::conditional_t<std::is_const_v<T>, const Matrix<std::remove_const_t<T>>, Matrix<T>>& m)
      : View(m.data(), m.rows(), m.cols(), m.cols()) {}

  View transposed() const { return {data, columns, rows, column_stride, row_stride}; }
  View row_range(Index first, Index count) const {
    return {data + first * row_stride, count, columns, row_stride, column_stride};
  }
  View column_range(Index first, Index count) const {
    return {data + first * column_stride, rows, count, row_stride, column_stride};
  }
  operator View<const T>() const { return {data, rows, columns, row_stride, column_stride}; }
};

template <class Scalar>
View<Scalar> view(Matrix<Scalar>& m) {
  return {m.data(), m.rows(), m.cols(), m.cols()};
}
template <class Scalar>
View<const Scalar> view(const Matrix<Scalar>& m) {
  return {m.data(), m.rows(), m.cols(), m.cols()};
}
/// For Eigen's arithmetic; columns adjacent.
template <class T>
auto map(View<T> m) {
  using Plain = Matrix<std::remove_const_t<T>>;
  using Mapped = std::conditional_t<std::is_const_v<T>, const Plain, Plain>;
  return Eigen::Map<Mapped, 0, Eigen::OuterStride<>>(m.data, m.rows, m.columns, Eigen::OuterStride<>(m.row_stride));
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
