#include <musicgen/backend/cpu/product.hpp>

#include "instruction_sets.hpp"
#include "numeric.hpp"
#include "threads.hpp"

using namespace musicgen;
using namespace musicgen::cpu;
using musicgen::test::random_matrix;
using musicgen::test::relative_difference;
using musicgen::test::under_every_isa;

namespace {

template <class Scalar>
void check_sizes(double tolerance) {
  for (const Index M : {1, 2, 3, 5, 64, 67, 130})
    for (const Index N : {1, 7, 24, 25, 145})
      for (const Index K : {1, 3, 256, 257, 600}) {
        const auto a = random_matrix<Scalar>(M, K, 1), b = random_matrix<Scalar>(K, N, 2);
        const auto c = random_matrix<Scalar>(M, N, 3);
        const Matrix<double> exact = a.template cast<double>() * b.template cast<double>();
        INFO(M << " x " << N << " x " << K);
        Matrix<Scalar> assigned = c, added = c;
        product<Scalar>(view(a), view(b), view(assigned));
        product<Scalar>(view(a), view(b), view(added), Into::add);
        CHECK(relative_difference(assigned, exact) < tolerance);
        CHECK(relative_difference(added, (exact + c.template cast<double>()).eval()) < tolerance);
        const Matrix<Scalar> at = a.transpose(), bt = b.transpose();
        Matrix<Scalar> of_transposes(M, N);
        product<Scalar>(view(at).transposed(), view(bt).transposed(), view(of_transposes));
        CHECK((of_transposes.array() == assigned.array()).all());
      }
}

}  // namespace

TEST_CASE("product: agrees with Eigen for odd sizes, transposes and strides") {
  under_every_isa([] {
    check_sizes<double>(1e-14);
    check_sizes<float>(1e-5);
  });
}

TEST_CASE("product: an inner dimension of zero assigns zero and adds nothing") {
  const Matrix<float> a(3, 0), b(0, 4);
  Matrix<float> c = Matrix<float>::Ones(3, 4);
  product<float>(view(a), view(b), view(c), Into::add);
  CHECK((c.array() == 1).all());
  product<float>(view(a), view(b), view(c));
  CHECK((c.array() == 0).all());
}

TEST_CASE("product: writes no column outside its view") {
  const auto a = random_matrix<float>(5, 40, 1), b = random_matrix<float>(40, 26, 2);
  Matrix<float> wide = Matrix<float>::Constant(5, 60, 7);
  product<float>(view(a), view(b), view(wide).column_range(10, 26));
  CHECK((wide.leftCols(10).array() == 7).all());
  CHECK((wide.rightCols(24).array() == 7).all());
  const Matrix<float> written = wide.middleCols(10, 26), exact = a * b;
  CHECK(relative_difference(written, exact) < 1e-5);
}

TEST_CASE("product: the same bits for any number of threads and whatever rows there are") {
  under_every_isa([] {
    const auto a = random_matrix<float>(203, 300, 1), b = random_matrix<float>(300, 301, 2);
    Matrix<float> first(203, 301), other(203, 301), alone(1, 301);
    {
      const test::Threads pool(1);
      product<float>(view(a), view(b), view(first));
    }
    for (const int threads : {2, 3, 5}) {
      const test::Threads pool(threads);
      product<float>(view(a), view(b), view(other));
      CHECK((first.array() == other.array()).all());
    }
    for (const Index row : {0, 62, 202}) {
      product<float>(view(a).row_range(row, 1), view(b), view(alone));
      CHECK((alone.row(0).array() == first.row(row).array()).all());
    }
  });
}

namespace {
Matrix<float> in_bf16(const Matrix<float>& m) {
  return m.unaryExpr([](float x) { return from_bf16(to_bf16(x)); });
}
}  // namespace

TEST_CASE("product: in bf16 it is the product of the rounded matrices") {
  under_every_isa([] {
    for (const Index M : {1, 2, 3, 5, 64, 67, 130})
      for (const Index N : {1, 7, 24, 25, 145})
        for (const Index K : {1, 2, 3, 256, 257, 600}) {
          const auto a = random_matrix<float>(M, K, 1), b = random_matrix<float>(K, N, 2);
          const auto c = random_matrix<float>(M, N, 3);
          const Matrix<double> exact = in_bf16(a).cast<double>() * in_bf16(b).cast<double>();
          INFO(M << " x " << N << " x " << K);
          Matrix<float> assigned = c, added = c;
          product<float>(view(a), view(b), view(assigned), Into::assign, Precision::bf16);
          product<float>(view(a), view(b), view(added), Into::add, Precision::bf16);
          CHECK(relative_difference(assigned, exact) < 1e-5);
          CHECK(relative_difference(added, (exact + c.cast<double>()).eval()) < 1e-5);
          const Matrix<float> at = a.transpose(), bt = b.transpose();
          Matrix<float> of_transposes(M, N);
          product<float>(view(at).transposed(), view(bt).transposed(), view(of_transposes), Into::assign,
                         Precision::bf16);
          CHECK((of_transposes.array() == assigned.array()).all());
        }
  });
}

TEST_CASE("product: bf16 gives the same bits with all instruction sets") {
  const auto a = random_matrix<float>(37, 301, 1), b = random_matrix<float>(301, 75, 2);
  std::vector<Matrix<float>> results;
  under_every_isa([&] {
    product<float>(view(a), view(b), view(results.emplace_back(37, 75)), Into::assign, Precision::bf16);
    CHECK((results.back().array() == results.front().array()).all());
  });
}

TEST_CASE("product: bf16 gives the same bits for any number of threads, and doubles stay doubles") {
  under_every_isa([] {
    const auto a = random_matrix<float>(203, 301, 1), b = random_matrix<float>(301, 300, 2);
    Matrix<float> first(203, 300), other(203, 300);
    for (const int threads : {1, 2, 3, 5}) {
      const test::Threads pool(threads);
      product<float>(view(a), view(b), view(threads == 1 ? first : other), Into::assign, Precision::bf16);
      if (threads > 1) CHECK((first.array() == other.array()).all());
    }
  });
  const auto a = random_matrix<double>(5, 7, 1), b = random_matrix<double>(7, 3, 2);
  Matrix<double> c(5, 3), exact(5, 3);
  product<double>(view(a), view(b), view(c), Into::assign, Precision::bf16);
  product<double>(view(a), view(b), view(exact));
  CHECK((c.array() == exact.array()).all());
}
