#include <musicgen/backend/cpu/cpu.hpp>

#include "numeric.hpp"

using namespace musicgen;
using namespace musicgen::cpu;
using musicgen::test::Dense;
using musicgen::test::random_dense;

namespace {

/// An orthogonal matrix: a rotation in every pair of dimensions.
Dense<double> turned(Index n, std::uint64_t seed) {
  Dense<double> Q = Dense<double>::Identity(n, n);
  Random random(seed);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < i; ++j) {
      const double angle = 6 * random.uniform();
      const Eigen::RowVectorXd a = Q.row(i), b = Q.row(j);
      Q.row(i) = std::cos(angle) * a - std::sin(angle) * b;
      Q.row(j) = std::sin(angle) * a + std::cos(angle) * b;
    }
  return Q;
}

}  // namespace

TEST_CASE("muon: what is made orthogonal keeps its directions, and its singular values come near 1") {
  const auto [rows, columns] = GENERATE(table<Index, Index>({{1, 1}, {1, 7}, {5, 5}, {16, 40}, {64, 64}}));
  const Dense<double> U = turned(rows, 1), V = turned(columns, 2);
  Dense<double> values = Dense<double>::Zero(rows, columns);
  for (Index i = 0; i < rows; ++i) values(i, i) = 3 - 2.8 * static_cast<double>(i) / static_cast<double>(rows);
  Dense<double> X = U * values * V;
  orthogonalize(view(X));
  const Dense<double> inside = U.transpose() * X * V.transpose();
  for (Index i = 0; i < rows; ++i) {
    double expected = values(i, i) / values.norm();
    for (int k = 0; k < 5; ++k)
      expected = 3.4445 * expected - 4.7750 * std::pow(expected, 3) + 2.0315 * std::pow(expected, 5);
    CHECK(inside(i, i) == Approx(expected).epsilon(1e-9));
    CHECK(std::abs(inside(i, i) - 1) < 0.35);
  }
  values.setZero();
  values.diagonal() = inside.diagonal();
  CHECK((inside - values).cwiseAbs().maxCoeff() < 1e-9);
}

TEST_CASE("muon: follows the equations, high matrices as well as wide ones") {
  const auto [rows, columns] = GENERATE(table<Index, Index>({{6, 9}, {9, 6}}));
  const OptimizerOptions options{.weight_decay = 0.1, .muon_momentum = 0.8};
  auto w = random_dense<double>(rows, columns, 1), m = Dense<double>::Zero(rows, columns).eval();
  Dense<double> expected = w, mean = m;
  for (int t = 1; t <= 3; ++t) {
    const auto g = random_dense<double>(rows, columns, static_cast<std::uint64_t>(t) + 1);
    muon_update<double>(view(w), view(g), view(m), 0.05, 0.5, options);
    mean = 0.8 * mean + 0.2 * 0.5 * g;
    Dense<double> X = 0.8 * mean + 0.2 * 0.5 * g;
    orthogonalize(view(X));
    expected = expected * (1 - 0.05 * 0.1) - 0.05 * 0.2 * 3 * X;  // sqrt(9)
    CHECK(test::relative_difference(m, mean) < 1e-12);
    CHECK(test::relative_difference(w, expected) < 1e-9);
  }
}

TEST_CASE("muon: learns each gate's matrices for itself, everything else is Adam's") {
  const Dimensions d{19, 4, 6, 2};
  auto gradients = BasicCpu<double>::zeros(d);
  std::uint64_t seed = 1;
  for (auto& t : gradients.tensors())
    for (double& x : t.values) x = Random(seed++).normal();
  auto adam = BasicCpu<double>::zeros(d), muon = adam, m1 = adam, v1 = adam, m2 = adam, v2 = adam;
  BasicCpu<double>::update(adam, gradients, m1, v1, 1, 1e-2, {.clip = 0});
  BasicCpu<double>::update(muon, gradients, m2, v2, 1, 1e-2, {.clip = 0, .muon = 2});
  const auto by_adam = adam.tensors(), by_muon = muon.tensors();
  for (std::size_t i = 0; i < by_adam.size(); ++i) {
    const std::string& name = by_adam[i].name;
    INFO(name);
    const bool matrix = name.starts_with("gru.weight") || name == "combine_ctx.weight";
    CHECK(std::equal(by_adam[i].values.begin(), by_adam[i].values.end(), by_muon[i].values.begin()) == !matrix);
  }
  Dense<double> gate = map(gradients.gru[1].w_hh).middleRows(6, 6) * 0.05 * 1.95;  // the update gate's
  orthogonalize(view(gate));
  const Dense<double> expected = -2e-2 * 0.2 * std::sqrt(6.0) * gate;
  CHECK(test::relative_difference(map(muon.gru[1].w_hh).middleRows(6, 6).eval(), expected) < 1e-12);
}
