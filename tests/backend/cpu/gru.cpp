#include <musicgen/backend/cpu/gru.hpp>

#include "numeric.hpp"
#include "threads.hpp"

using namespace musicgen;
using namespace musicgen::cpu;
using musicgen::test::check_gradient;
using musicgen::test::random_matrix;

namespace {

template <class Scalar>
GruParameters<Scalar> random_layer(Index I, Index H) {
  GruParameters<Scalar> p;
  p.w_ih = random_matrix<Scalar>(3 * H, I, 1);
  p.w_hh = random_matrix<Scalar>(3 * H, H, 2);
  p.b_ih = random_matrix<Scalar>(1, 3 * H, 3);
  p.b_hh = random_matrix<Scalar>(1, 3 * H, 4);
  return p;
}
template <class Scalar>
GruParameters<Scalar> zero_layer(Index I, Index H) {
  return {Matrix<Scalar>::Zero(3 * H, I), Matrix<Scalar>::Zero(3 * H, H), RowVector<Scalar>::Zero(3 * H),
          RowVector<Scalar>::Zero(3 * H)};
}

}  // namespace

TEST_CASE("gru: forward follows the equations, element by element") {
  const Index B = 3, T = 4, I = 5, H = 7;
  const auto p = random_layer<double>(I, H);
  const auto x = random_matrix<double>(T * B, I, 5), h0 = random_matrix<double>(B, H, 6);
  GruSaved<double> saved;
  gru_forward<double>(p, view(x), B, &h0, saved);
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  for (Index b = 0; b < B; ++b) {
    Eigen::VectorXd h = map(h0).row(b).transpose();
    for (Index t = 0; t < T; ++t) {
      const Eigen::VectorXd wx = map(p.w_ih) * map(x).row(t * B + b).transpose() + map(p.b_ih).transpose();
      const Eigen::VectorXd uh = map(p.w_hh) * h + map(p.b_hh).transpose();
      for (Index i = 0; i < H; ++i) {
        const double r = sigmoid(wx[i] + uh[i]), z = sigmoid(wx[H + i] + uh[H + i]);
        const double n = std::tanh(wx[2 * H + i] + r * uh[2 * H + i]);
        h[i] = (1 - z) * n + z * h[i];
      }
      CHECK((map(saved.h).row((t + 1) * B + b).transpose() - h).cwiseAbs().maxCoeff() < 1e-13);
    }
  }
}

TEST_CASE("gru: gradients agree with central differences") {
  const auto [B, T, I, H] = GENERATE(table<Index, Index, Index, Index>({{1, 1, 3, 4}, {2, 5, 3, 6}, {5, 3, 4, 3}}));
  auto p = random_layer<double>(I, H);
  auto x = random_matrix<double>(T * B, I, 5);
  const auto weights = random_matrix<double>(T * B, H, 7);  // loss = sum of outputs times these
  const auto loss = [&] {
    GruSaved<double> saved;
    gru_forward<double>(p, view(x), B, nullptr, saved);
    return test::dot(map(saved.h).bottomRows(T * B), weights);
  };
  GruSaved<double> saved;
  gru_forward<double>(p, view(x), B, nullptr, saved);
  auto gradients = zero_layer<double>(I, H);
  Matrix<double> dx;
  gru_backward<double>(p, view(x), B, saved, weights, &dx, gradients);
  check_gradient(p.w_ih, gradients.w_ih, loss);
  check_gradient(p.w_hh, gradients.w_hh, loss);
  check_gradient(p.b_ih, gradients.b_ih, loss);
  check_gradient(p.b_hh, gradients.b_hh, loss);
  check_gradient(x, dx, loss);
}

TEST_CASE("gru: gradients are added to what is there") {
  const Index B = 2, T = 3, I = 3, H = 4;
  const auto p = random_layer<double>(I, H);
  const auto x = random_matrix<double>(T * B, I, 5), dh = random_matrix<double>(T * B, H, 6);
  auto once = zero_layer<double>(I, H), twice = once;
  for (auto* g : {&once, &twice, &twice}) {
    GruSaved<double> saved;
    gru_forward<double>(p, view(x), B, nullptr, saved);
    gru_backward<double>(p, view(x), B, saved, dh, nullptr, *g);
  }
  CHECK(test::relative_difference(twice.w_hh, (2 * map(once.w_hh)).eval()) < 1e-14);
  CHECK(test::relative_difference(twice.b_ih, (2 * map(once.b_ih)).eval()) < 1e-14);
}

TEST_CASE("gru: going on from a state is the same as never having stopped") {
  const Index B = 3, I = 4, H = 5;
  const auto p = random_layer<float>(I, H);
  const auto x = random_matrix<float>(6 * B, I, 5);
  GruSaved<float> whole, first, second;
  gru_forward<float>(p, view(x), B, nullptr, whole);
  gru_forward<float>(p, view(x).row_range(0, 2 * B), B, nullptr, first);
  const Matrix<float> state = matrix_of(map(first.h).bottomRows(B));
  gru_forward<float>(p, view(x).row_range(2 * B, 4 * B), B, &state, second);
  CHECK(map(second.h).bottomRows(4 * B) == map(whole.h).bottomRows(4 * B));
}

TEST_CASE("gru: the same bits for 1, 2 and 3 threads") {
  const Index B = 11, T = 6, I = 9, H = 67;
  REQUIRE(3 * B * H * H >= cpu::detail::worth_a_team);
  const auto p = random_layer<float>(I, H);
  const auto x = random_matrix<float>(T * B, I, 5), dh = random_matrix<float>(T * B, H, 6);
  std::vector<std::vector<Matrix<float>>> results;
  for (const int threads : {1, 2, 3}) {
    const test::Threads pool(threads);
    GruSaved<float> saved;
    auto gradients = zero_layer<float>(I, H);
    Matrix<float> dx;
    gru_forward<float>(p, view(x), B, nullptr, saved);
    const Matrix<float> h = saved.h;
    gru_backward<float>(p, view(x), B, saved, dh, &dx, gradients);
    const auto& [w_ih, w_hh, b_ih, b_hh] = gradients;
    results.push_back({h, dx, w_ih, w_hh, b_ih, b_hh});
  }
  CHECK(results[0] == results[1]);
  CHECK(results[0] == results[2]);
}

TEST_CASE("gru: matrices of other shapes are refused, with both") {
  const Index I = 3, H = 4, B = 2;
  const auto p = random_layer<double>(I, H);
  const auto x = random_matrix<double>(3 * B, I, 5), dh = random_matrix<double>(3 * B, H, 6);
  const auto h0 = random_matrix<double>(B, H + 1, 7);
  GruSaved<double> saved;
  auto gradients = zero_layer<double>(I, H);
  Matrix<double> dx;
  CHECK_THROWS_WITH(gru_forward<double>(p, view(x), B, &h0, saved), "gru: h0: (2, 5), expected (2, 4)");
  gru_forward<double>(p, view(x), B, nullptr, saved);
  const auto short_dh = random_matrix<double>(2 * B, H, 6);
  CHECK_THROWS_WITH(gru_backward<double>(p, view(x), B, saved, short_dh, &dx, gradients),
                    "gru: dh: (4, 4), expected (6, 4)");
  auto others = zero_layer<double>(I, H + 1);
  CHECK_THROWS_WITH(gru_backward<double>(p, view(x), B, saved, dh, &dx, others),
                    "gru: gradient of w_ih: (15, 3), expected (12, 3)");
}
