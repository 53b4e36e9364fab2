// Eigen's arithmetic on this library's matrices, for programs that have Eigen; the library itself does not use it, and
// nothing includes this file. The other direction does not need it: functions that take a View accept Eigen's matrices,
// maps and blocks, and Matrix(view(m)) is a copy of one.
#pragma once

#include <Eigen/Core>
#include <type_traits>

#include "../../core/config.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// @param m  columns adjacent
template <class T>
[[nodiscard]] auto map(View<T> m) {
  using Plain = Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using Mapped = std::conditional_t<std::is_const_v<T>, const Plain, Plain>;
  return Eigen::Map<Mapped, 0, Eigen::OuterStride<>>(m.data, m.rows, m.columns, Eigen::OuterStride<>(m.row_stride));
}
template <class Scalar>
[[nodiscard]] auto map(Matrix<Scalar>& m) {
  return map(view(m));
}
template <class Scalar>
[[nodiscard]] auto map(const Matrix<Scalar>& m) {
  return map(view(m));
}

/// The value of an Eigen expression.
template <class Derived>
[[nodiscard]] auto matrix_of(const Eigen::DenseBase<Derived>& expression) {
  using Scalar = typename Derived::Scalar;
  Matrix<Scalar> m(expression.rows(), expression.cols());
  map(m) = expression.derived();
  return m;
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
