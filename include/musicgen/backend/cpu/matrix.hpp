// Matrices of the CPU backend, row-major, and views with strides for the products.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include "../../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

using Index = std::ptrdiff_t;

namespace detail {
/// @throws Error  for sizes that are negative or too large  @return  the product
[[nodiscard]] Index checked_size(Index rows, Index columns, std::size_t bytes_of_one);
void require_one_row(Index rows);
/// @throws Error  naming both shapes, unless they are the same
void require_shape(const char* name, Index rows, Index columns, Index expected_rows, Index expected_columns);
}  // namespace detail

/// A matrix in memory with any strides, such as Eigen's matrices, maps and blocks.
template <class M>
concept StridedMatrix = requires(M& m) {
  *m.data();
  m.rows();
  m.cols();
  m.rowStride();
  m.colStride();
};

template <class Scalar>
class Matrix;

/// A matrix in memory with strides of its own: a block, every B-th row, a transpose.
template <class T>
struct View {
  using Scalar = std::remove_const_t<T>;
  T* data;
  Index rows, columns;
  Index row_stride, column_stride;

  View(T* first, Index row_count, Index column_count, Index stride, Index stride_of_columns = 1)
      : data(first), rows(row_count), columns(column_count), row_stride(stride), column_stride(stride_of_columns) {}
  /// The whole of a matrix.
  View(std::conditional_t<std::is_const_v<T>, const Matrix<Scalar>, Matrix<Scalar>>& m)
      : View(m.data(), m.rows(), m.cols(), m.cols()) {}
  /// The whole of a matrix of another library, which must outlive this.
  template <StridedMatrix M>  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): a View is no StridedMatrix
  requires std::convertible_to<decltype(std::declval<M&>().data()), T*> View(M&& m)
      : View(m.data(), m.rows(), m.cols(), m.rowStride(), m.colStride()) {}

  View transposed() const { return {data, columns, rows, column_stride, row_stride}; }
  View row_range(Index first, Index count) const {
    return {data + first * row_stride, count, columns, row_stride, column_stride};
  }
  View column_range(Index first, Index count) const {
    return {data + first * column_stride, rows, count, row_stride, column_stride};
  }
  operator View<const T>() const { return {data, rows, columns, row_stride, column_stride}; }
};

// NOLINTBEGIN(readability-identifier-naming): Eigen's names, so that code for its matrices reads and works the same

/// Numbers row by row, aligned to a cache line. The names are those of Eigen's matrices; for arithmetic with these,
/// backend/cpu/eigen.hpp has `map`.
template <class S>
class Matrix {
  static_assert(std::is_arithmetic_v<S>);

 public:
  using Scalar = S;

  Matrix() = default;
  /// Uninitialized.  @throws Error  for sizes that are negative or too large
  Matrix(Index rows, Index columns) { resize(rows, columns); }
  /// A copy.
  explicit Matrix(View<const Scalar> m) : Matrix(m.rows, m.columns) {
    for (Index i = 0; i < rows_; ++i)
      for (Index j = 0; j < columns_; ++j) (*this)(i, j) = m.data[i * m.row_stride + j * m.column_stride];
  }
  Matrix(const Matrix& other) : Matrix(other.rows_, other.columns_) { copy_from(other); }
  Matrix(Matrix&& other) noexcept { swap(other); }
  Matrix& operator=(const Matrix& other) {  // reuses the memory if the size is the same
    if (this == &other) return *this;
    resize(other.rows_, other.columns_);
    copy_from(other);
    return *this;
  }
  Matrix& operator=(Matrix&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Matrix() = default;

  [[nodiscard]] static Matrix Zero(Index rows, Index columns) { return Constant(rows, columns, Scalar(0)); }
  [[nodiscard]] static Matrix Constant(Index rows, Index columns, Scalar value) {
    Matrix m(rows, columns);
    m.setConstant(value);
    return m;
  }

  [[nodiscard]] Index rows() const { return rows_; }
  [[nodiscard]] Index cols() const { return columns_; }
  [[nodiscard]] Index size() const { return rows_ * columns_; }
  [[nodiscard]] Scalar* data() { return numbers_.get(); }
  [[nodiscard]] const Scalar* data() const { return numbers_.get(); }
  [[nodiscard]] Scalar& operator()(Index i, Index j) { return numbers_.get()[i * columns_ + j]; }
  [[nodiscard]] const Scalar& operator()(Index i, Index j) const { return numbers_.get()[i * columns_ + j]; }
  [[nodiscard]] std::span<Scalar> row(Index i) { return {data() + i * columns_, static_cast<std::size_t>(columns_)}; }
  [[nodiscard]] std::span<const Scalar> row(Index i) const {
    return {data() + i * columns_, static_cast<std::size_t>(columns_)};
  }

  /// Changes the shape. If the number of values stays the same, they keep their order; otherwise they are
  /// uninitialized.
  /// @throws Error  for sizes that are negative or too large
  void resize(Index rows, Index columns) {
    const Index count = detail::checked_size(rows, columns, sizeof(Scalar));
    if (count != size())
      numbers_.reset(count == 0 ? nullptr
                                : static_cast<Scalar*>(
                                      ::operator new(static_cast<std::size_t>(count) * sizeof(Scalar), alignment)));
    rows_ = rows;
    columns_ = columns;
  }
  void setZero() {
    if (size() > 0) std::memset(data(), 0, bytes());
  }
  void setZero(Index rows, Index columns) {
    resize(rows, columns);
    setZero();
  }
  void setConstant(Scalar value) {
    for (Index i = 0; i < size(); ++i) data()[i] = value;
  }

  /// Whether shapes and values are the same; a NaN is equal to nothing.
  [[nodiscard]] friend bool operator==(const Matrix& a, const Matrix& b) {
    if (a.rows_ != b.rows_ || a.columns_ != b.columns_) return false;
    for (Index i = 0; i < a.size(); ++i)
      if (a.data()[i] != b.data()[i]) return false;
    return true;
  }

 private:
  static constexpr std::align_val_t alignment{64};
  struct Free {
    void operator()(Scalar* numbers) const { ::operator delete(numbers, alignment); }
  };

  [[nodiscard]] std::size_t bytes() const { return static_cast<std::size_t>(size()) * sizeof(Scalar); }
  void copy_from(const Matrix& other) {
    if (size() > 0) std::memcpy(data(), other.data(), bytes());
  }
  void swap(Matrix& other) noexcept {
    std::swap(numbers_, other.numbers_);
    std::swap(rows_, other.rows_);
    std::swap(columns_, other.columns_);
  }

  std::unique_ptr<Scalar, Free> numbers_;
  Index rows_ = 0, columns_ = 0;
};

/// A matrix of one row.
template <class Scalar>
class RowVector : public Matrix<Scalar> {
 public:
  RowVector() : RowVector(0) {}
  explicit RowVector(Index size) : Matrix<Scalar>(1, size) {}
  /// @throws Error  for a matrix with another number of rows
  RowVector(Matrix<Scalar> m) : Matrix<Scalar>(std::move(m)) { detail::require_one_row(this->rows()); }

  [[nodiscard]] static RowVector Zero(Index size) { return Matrix<Scalar>::Zero(1, size); }

  [[nodiscard]] Scalar& operator[](Index i) { return this->data()[i]; }
  [[nodiscard]] const Scalar& operator[](Index i) const { return this->data()[i]; }
  void resize(Index size) { Matrix<Scalar>::resize(1, size); }
  void setZero() { Matrix<Scalar>::setZero(); }
  void setZero(Index size) { Matrix<Scalar>::setZero(1, size); }
};

// NOLINTEND(readability-identifier-naming)

namespace detail {
/// @throws Error  naming both shapes, unless they are the same
template <class Scalar>
void require_shape_of(const char* name, const Matrix<Scalar>& m, const Matrix<Scalar>& expected) {
  require_shape(name, m.rows(), m.cols(), expected.rows(), expected.cols());
}
}  // namespace detail

template <class Scalar>
[[nodiscard]] View<Scalar> view(Matrix<Scalar>& m) {
  return m;
}
template <class Scalar>
[[nodiscard]] View<const Scalar> view(const Matrix<Scalar>& m) {
  return m;
}
/// A view of another library's matrix, which must outlive it.
template <StridedMatrix M>
[[nodiscard]] auto view(M& m) {
  return View<std::remove_pointer_t<decltype(m.data())>>(m);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "matrix.ipp"
#endif
