#include <musicgen/backend/cpu/matrix.hpp>

#include "numeric.hpp"

using namespace musicgen;
using namespace musicgen::cpu;

TEST_CASE("matrix: numbers row by row, from a cache line on") {
  Matrix<float> m(2, 3);
  for (Index i = 0; i < 6; ++i) m.data()[i] = static_cast<float>(i);
  CHECK(m(1, 0) == 3);
  CHECK(m.row(1)[2] == 5);
  CHECK(m.row(1).size() == 3);
  CHECK(reinterpret_cast<std::uintptr_t>(Matrix<double>(3, 3).data()) % 64 == 0);
  CHECK(Matrix<float>().size() == 0);
  CHECK(RowVector<float>().size() == 0);
}

TEST_CASE("matrix: a copy is apart, and takes the memory that is there if it is as much") {
  const Matrix<float> a = Matrix<float>::Constant(2, 3, 4);
  Matrix<float> b = a, c(3, 2);
  b(0, 0) = 1;
  CHECK(a(0, 0) == 4);
  const float* memory = c.data();
  c = a;
  CHECK(c.data() == memory);
  CHECK(c == a);
  CHECK(b != a);
  CHECK(Matrix<float>::Zero(2, 3) != Matrix<float>::Zero(3, 2));
  const Matrix<float> moved = std::move(c);
  CHECK(moved.data() == memory);
}

TEST_CASE("matrix: another shape of the same size keeps the numbers") {
  Matrix<float> m = Matrix<float>::Constant(2, 6, 7);
  const float* memory = m.data();
  m.resize(4, 3);
  CHECK(m.data() == memory);
  CHECK(m == Matrix<float>::Constant(4, 3, 7));
  m.setZero(1, 5);
  CHECK(m == Matrix<float>::Zero(1, 5));
  m.resize(0, 5);
  CHECK(m.data() == nullptr);
}

TEST_CASE("matrix: sizes that cannot be are refused") {
  CHECK_THROWS_WITH(Matrix<float>(-1, 3), "matrix: -1 rows, 3 columns");
  CHECK_THROWS_AS(Matrix<double>(Index{1} << 40, Index{1} << 40), Error);
  CHECK_THROWS_AS(Matrix<double>(Index{1} << 30, Index{1} << 31), Error);
  CHECK_THROWS_WITH(RowVector<float>(Matrix<float>(2, 3)), "matrix: 2 rows where there is to be one");
}

TEST_CASE("matrix: views of Eigen's matrices, whatever their layout, and copies of views") {
  const Eigen::MatrixXd by_columns = test::random_dense<double>(5, 7, 1);
  const test::Dense<double> by_rows = by_columns;
  const Matrix<double> copy(view(by_columns));
  CHECK(copy == matrix_of(by_columns));
  CHECK(copy == Matrix<double>(view(by_rows)));
  CHECK(Matrix<double>(view(copy).transposed().row_range(2, 3)) == matrix_of(by_rows.transpose().middleRows(2, 3)));
  Eigen::MatrixXd written = Eigen::MatrixXd::Zero(5, 7);
  const View<double> block = written.block(1, 2, 3, 4);
  block.data[2 * block.row_stride + block.column_stride] = 6;
  CHECK(written(3, 3) == 6);
  CHECK(written.sum() == 6);
}
