#include <musicgen/backend/cpu/head.hpp>

#include "numeric.hpp"

using namespace musicgen;
using namespace musicgen::cpu;
using musicgen::test::check_gradient;
using musicgen::test::random_matrix;

namespace {

HeadParameters<double> random_head(Index H, Index V) {
  return {random_matrix<double>(H, 2 * H, 1), random_matrix<double>(1, H, 2), random_matrix<double>(V, H, 3),
          random_matrix<double>(1, V, 4)};
}

}  // namespace

TEST_CASE("head: logits follow the equations") {
  const Index N = 5, H = 4, V = 9;
  const auto p = random_head(H, V);
  const auto h = random_matrix<double>(N, H, 5), c = random_matrix<double>(N, H, 6);
  HeadSaved<double> saved;
  Matrix<double> logits;
  head_forward<double>(p, view(h), c, saved, logits);
  test::Dense<double> both(N, 2 * H);
  both << map(h), map(c);
  const Eigen::RowVectorXd b1 = map(p.b1), b2 = map(p.b2);
  const test::Dense<double> u = ((both * map(p.w1).transpose()).rowwise() + b1).array().tanh();
  const test::Dense<double> expected = (u * map(p.w2).transpose()).rowwise() + b2;
  CHECK(test::relative_difference(logits, expected) < 1e-14);
}

TEST_CASE("head: gradients agree with central differences") {
  const Index N = 6, H = 4, V = 7;
  auto p = random_head(H, V);
  auto h = random_matrix<double>(N, H, 5), c = random_matrix<double>(N, H, 6);
  const auto weights = random_matrix<double>(N, V, 7);
  const auto loss = [&] {
    HeadSaved<double> saved;
    Matrix<double> logits;
    head_forward<double>(p, view(h), c, saved, logits);
    return test::dot(logits, weights);
  };
  HeadSaved<double> saved;
  Matrix<double> logits, dh = Matrix<double>::Zero(N, H), dc;
  head_forward<double>(p, view(h), c, saved, logits);
  HeadParameters<double> gradients{Matrix<double>::Zero(H, 2 * H), RowVector<double>::Zero(H),
                                   Matrix<double>::Zero(V, H), RowVector<double>::Zero(V)};
  head_backward<double>(p, view(h), c, saved, weights, view(dh), dc, gradients);
  check_gradient(p.w1, gradients.w1, loss);
  check_gradient(p.b1, gradients.b1, loss);
  check_gradient(p.w2, gradients.w2, loss);
  check_gradient(p.b2, gradients.b2, loss);
  check_gradient(h, dh, loss);
  check_gradient(c, dc, loss);
}
