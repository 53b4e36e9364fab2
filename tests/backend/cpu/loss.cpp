#include <musicgen/backend/cpu/loss.hpp>

#include "numeric.hpp"

using namespace musicgen;
using namespace musicgen::cpu;

TEST_CASE("loss: value and gradient, rows without a target left out") {
  auto x = test::random_matrix<double>(6, 7, 1, 4);
  const std::vector<Token> targets{0, 6, no_token, 3, 1, no_token};
  const auto loss = [&] {
    double sum = 0;
    for (Index i = 0; i < 6; ++i)
      if (const Token y = targets[static_cast<std::size_t>(i)]; y != no_token)
        sum += std::log(map(x).row(i).array().exp().sum()) - x(i, y);
    return sum / 4;
  };
  Matrix<double> gradient = x;
  std::vector<double> nll;
  CHECK(softmax_cross_entropy<double>(gradient, targets, nll) == Approx(loss()).epsilon(1e-14));
  CHECK(nll[2] == 0);
  CHECK(nll[0] + nll[1] + nll[3] + nll[4] == Approx(4 * loss()).epsilon(1e-14));
  test::check_gradient(x, gradient, loss);
}

TEST_CASE("loss: nothing to predict is a loss of zero and no gradient") {
  auto x = test::random_matrix<float>(2, 3, 1);
  std::vector<float> nll;
  CHECK(softmax_cross_entropy<float>(x, std::vector<Token>{no_token, no_token}, nll) == 0);
  CHECK(x == Matrix<float>::Zero(2, 3));
}

TEST_CASE("loss: a target out of range is named, and nothing is written") {
  auto x = test::random_matrix<float>(2, 3, 1);
  const Matrix<float> before = x;
  std::vector<float> nll;
  CHECK_THROWS_WITH(softmax_cross_entropy<float>(x, std::vector<Token>{0, 3}, nll),
                    "loss: target 3 in row 1: the vocabulary has 3 tokens");
  CHECK(x == before);
}

TEST_CASE("loss: logits in the hundreds do not overflow") {
  Matrix<float> x(1, 2);
  x(0, 0) = 800;
  x(0, 1) = -800;
  std::vector<float> nll;
  CHECK(softmax_cross_entropy<float>(x, std::vector<Token>{1}, nll) == Approx(1600));
  CHECK(map(x).allFinite());
}
