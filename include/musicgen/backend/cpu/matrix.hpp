// Matrices of the CPU backend: Eigen's, row-major, and views with strides for the products.
#pragma once

#include <Eigen/Core>
#include <cstddef>

namespace musicgen::cpu {

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
  Index row_stride, column_stride = 1;

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

}  // namespace musicgen::cpu
