// Shared by the tests of layers: random matrices, differences, gradients by central differences.
#pragma once

#include <algorithm>
#include <catch.hpp>
#include <cmath>
#include <musicgen/backend/cpu/eigen.hpp>
#include <musicgen/backend/cpu/matrix.hpp>
#include <musicgen/core/random.hpp>
#include <span>

namespace musicgen::test {

template <class Scalar>
cpu::Matrix<Scalar> random_matrix(cpu::Index rows, cpu::Index columns, std::uint64_t seed, double scale = 1) {
  Random random(seed);
  cpu::Matrix<Scalar> m(rows, columns);
  for (cpu::Index i = 0; i < m.size(); ++i) m.data()[i] = static_cast<Scalar>(scale * (2 * random.uniform() - 1));
  return m;
}

/// Eigen's matrices: the layers' arithmetic is checked against Eigen's.
template <class Scalar>
using Dense = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class Scalar>
Dense<Scalar> random_dense(cpu::Index rows, cpu::Index columns, std::uint64_t seed, double scale = 1) {
  return cpu::map(random_matrix<Scalar>(rows, columns, seed, scale));
}

/// Each number as another type.
template <class To, class From>
cpu::Matrix<To> converted(const cpu::Matrix<From>& m) {
  return cpu::matrix_of(cpu::map(m).template cast<To>());
}

/// max |a - b| / max |b|
template <class A, class B>
double relative_difference(const A& a, const B& b) {
  double difference = 0, largest = 0;
  for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(b.size()); ++i) {
    const double x = static_cast<double>(a.data()[i]), y = static_cast<double>(b.data()[i]);
    if (!std::isfinite(x)) return INFINITY;
    difference = std::max(difference, std::abs(x - y));
    largest = std::max(largest, std::abs(y));
  }
  return largest > 0 ? difference / largest : difference;
}

/// Checks d f / d x against (f(x + h) - f(x - h)) / 2h for every element of x; the largest difference over the largest
/// gradient must stay under 1e-7.
template <class Function>
void check_gradient(std::span<double> x, std::span<const double> gradient, Function&& f) {
  REQUIRE(x.size() == gradient.size());
  constexpr double h = 1e-5;
  double worst = 0, largest = 1e-3;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double saved = x[i];
    x[i] = saved + h;
    const double up = f();
    x[i] = saved - h;
    const double down = f();
    x[i] = saved;
    worst = std::max(worst, std::abs((up - down) / (2 * h) - gradient[i]));
    largest = std::max(largest, std::abs(gradient[i]));
  }
  CHECK(worst / largest < 1e-7);
}
template <class M, class G, class Function>
void check_gradient(M& x, const G& gradient, Function&& f) {
  check_gradient(std::span<double>(x.data(), static_cast<std::size_t>(x.size())),
                 std::span<const double>(gradient.data(), static_cast<std::size_t>(gradient.size())), f);
}

/// The sum of elementwise products: a function of `a` whose gradient is `weights`.
template <class A, class B>
double dot(const A& a, const B& weights) {
  double sum = 0;
  for (cpu::Index i = 0; i < a.rows(); ++i)
    for (cpu::Index j = 0; j < a.cols(); ++j) sum += static_cast<double>(a(i, j)) * static_cast<double>(weights(i, j));
  return sum;
}

}  // namespace musicgen::test
