#include <musicgen/backend/cpu/embedding.hpp>

#include "numeric.hpp"

using namespace musicgen;
using namespace musicgen::cpu;

TEST_CASE("embedding: gathers rows, and adds gradients of equal tokens up") {
  auto table = test::random_matrix<double>(4, 3, 1);
  const std::vector<Token> tokens{2, 0, 2, 3};
  const auto weights = test::random_matrix<double>(4, 3, 2);
  Matrix<double> out, gradient = Matrix<double>::Zero(4, 3);
  embedding_forward<double>(table, tokens, out);
  CHECK((out.row(2).array() == table.row(2).array()).all());
  embedding_backward<double>(tokens, weights, gradient);
  test::check_gradient(table, gradient, [&] {
    Matrix<double> e;
    embedding_forward<double>(table, tokens, e);
    return test::dot(e, weights);
  });
}

TEST_CASE("embedding: a token out of range is named") {
  const auto table = test::random_matrix<float>(4, 3, 1);
  Matrix<float> out;
  CHECK_THROWS_WITH(embedding_forward<float>(table, std::vector<Token>{1, -1}, out),
                    "embedding: token -1 at position 1: the vocabulary has 4 tokens");
}
