// Matrices in the device's memory, by rows, and views of them; and the host's copy of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../../core/config.hpp"
#include "memory.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

/// The upper half of a float.
struct bf16 {
  std::uint16_t bits;
};

/// A matrix or a block of one, by rows in memory; `transposed`: rows and columns are exchanged.
template <class T>
struct View {
  T* data = nullptr;
  int rows = 0, columns = 0;
  std::int64_t stride = 0;  ///< from a row in memory to the next
  bool transposed = false;

  View t() const { return {data, columns, rows, stride, !transposed}; }
  View row_range(int first, int count) const {
    return {data + first * (transposed ? 1 : stride), count, columns, stride, transposed};
  }
  View column_range(int first, int count) const {
    return {data + first * (transposed ? stride : 1), rows, count, stride, transposed};
  }
  template <class U>
  requires std::is_same_v<U, const T>
  operator View<U>() const { return {data, rows, columns, stride, transposed}; }
};

/// Reuses its memory from one size to the next.
template <class T>
class Matrix {
 public:
  static std::size_t bytes(int rows, int columns) {
    return sizeof(T) * static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  }

  /// Loses the old values.
  void resize(int rows, int columns) {
    values_.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
    rows_ = rows;
    columns_ = columns;
  }
  void set_zero(int rows, int columns) {
    resize(rows, columns);
    values_.set_zero();
  }

  int rows() const { return rows_; }
  int columns() const { return columns_; }
  std::size_t size() const { return values_.size(); }
  T* data() { return values_.data(); }
  const T* data() const { return values_.data(); }
  View<T> view() { return {data(), rows_, columns_, columns_}; }
  View<const T> view() const { return {data(), rows_, columns_, columns_}; }

 private:
  Buffer<T> values_;
  int rows_ = 0, columns_ = 0;
};

/// A factor of products: a matrix and, if products are computed in bf16, its rounding.
struct Factor {
  View<const float> exact;
  View<const bf16> rounded{};  ///< no data: there is none

  Factor t() const { return {exact.t(), rounded.t()}; }
  Factor row_range(int first, int count) const {
    return {exact.row_range(first, count), rounded.data ? rounded.row_range(first, count) : rounded};
  }
  Factor column_range(int first, int count) const {
    return {exact.column_range(first, count), rounded.data ? rounded.column_range(first, count) : rounded};
  }
};

/// A matrix that serves as a factor.
struct FactorMatrix {
  Matrix<float> exact;
  Matrix<bf16> rounded;  ///< empty: products are computed in fp32

  static std::size_t bytes(int rows, int columns, bool with_rounded) {
    return Matrix<float>::bytes(rows, columns) + (with_rounded ? Matrix<bf16>::bytes(rows, columns) : 0);
  }
  void resize(int rows, int columns, bool with_rounded) {
    exact.resize(rows, columns);
    rounded.resize(with_rounded ? rows : 0, columns);
  }
  /// Where to write its rounding; nullptr: nowhere.
  bf16* rounded_data() { return rounded.size() > 0 ? rounded.data() : nullptr; }
  Factor view() const { return {exact.view(), rounded.size() > 0 ? rounded.view() : View<const bf16>{}}; }
};

/// A copy of a matrix of the device.
class HostMatrix {
 public:
  using Scalar = float;
  struct Row {
    const float* values;
    const float* data() const { return values; }
    float operator[](std::ptrdiff_t column) const { return values[column]; }
  };

  /// Begins to copy; complete after synchronize().
  void copy_from(const Matrix<float>& m) {
    rows_ = m.rows();
    columns_ = m.columns();
    values_.resize(m.size());
    if (m.size() > 0) copy(values_.data(), m.data(), m.size() * sizeof(float));
  }

  std::ptrdiff_t rows() const { return rows_; }
  std::ptrdiff_t cols() const { return columns_; }
  Row row(std::ptrdiff_t i) const { return {values_.data() + i * columns_}; }
  float operator()(std::ptrdiff_t i, std::ptrdiff_t j) const {
    return values_[static_cast<std::size_t>(i * columns_ + j)];
  }

 private:
  HostBuffer<float> values_;
  int rows_ = 0, columns_ = 0;
};

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
