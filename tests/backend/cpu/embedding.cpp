#include <musicgen/backend/cpu/embedding.hpp>

#include "numeric.hpp"
#include "threads.hpp"

using namespace musicgen;
using namespace musicgen::cpu;
using test::random_matrix;

namespace {

GruParameters<double> random_layer(Index I, Index H) {
  return {random_matrix<double>(3 * H, I, 1), random_matrix<double>(3 * H, H, 2), random_matrix<double>(1, 3 * H, 3),
          random_matrix<double>(1, 3 * H, 4)};
}

}  // namespace

TEST_CASE("embedding: the table gives what the layer's own inputs give, to the bit") {
  const auto layer = random_layer(3, 5);
  const auto embedding = random_matrix<double>(4, 3, 5);
  const std::vector<Token> tokens{2, 0, 2, 3};
  Matrix<double> x(4, 3), table, gates, expected;
  for (Index i = 0; i < 4; ++i) map(x).row(i) = map(embedding).row(tokens[static_cast<std::size_t>(i)]);
  gru_inputs<double>(layer, view(x), expected);
  embedding_forward<double>(embedding, layer, tokens, {}, table, gates);
  CHECK(gates == expected);
}

TEST_CASE("embedding: gradients agree with central differences, tokens that come again included") {
  auto layer = random_layer(3, 5);
  auto embedding = random_matrix<double>(4, 3, 5);
  const std::vector<Token> tokens{2, 0, 2, 3};
  const auto weights = random_matrix<double>(4, 20, 6);  // loss = sum of the gates times these
  const auto loss = [&] {
    Matrix<double> table, gates;
    embedding_forward<double>(embedding, layer, tokens, {}, table, gates);
    // q starts from a bias alone, and its gradient is the recurrent part's
    return test::dot(map(gates).leftCols(10), map(weights).leftCols(10)) +
           test::dot(map(gates).rightCols(5), map(weights).rightCols(5));
  };
  Matrix<double> table, work, dembedding = Matrix<double>::Zero(4, 3), dw_ih = Matrix<double>::Zero(15, 3);
  embedding_backward<double>(embedding, layer, tokens, {}, weights, table, work, dembedding, dw_ih);
  test::check_gradient(embedding, dembedding, loss);
  test::check_gradient(layer.w_ih, dw_ih, loss);
  const Matrix<double> once = dembedding;
  embedding_backward<double>(embedding, layer, tokens, {}, weights, table, work, dembedding, dw_ih);
  CHECK(test::relative_difference(dembedding, (2 * map(once)).eval()) < 1e-14);
}

TEST_CASE("embedding: the same bits for 1, 2 and 3 threads") {
  const auto rows = random_matrix<float>(500, 150, 1);
  std::vector<Token> tokens;
  for (int i = 0; i < 500; ++i) tokens.push_back(static_cast<Token>(i * i % 7));
  std::vector<Matrix<float>> results;
  for (const int threads : {1, 2, 3}) {
    const test::Threads pool(threads);
    Matrix<float> table = Matrix<float>::Zero(7, 150), gathered;
    add_rows(tokens, rows, table);
    gather_rows<float>(table, tokens, gathered);
    results.push_back(gathered);
  }
  CHECK(results[0] == results[1]);
  CHECK(results[0] == results[2]);
}

TEST_CASE("embedding: a token out of range is named") {
  const auto table = random_matrix<float>(4, 3, 1);
  Matrix<float> out;
  CHECK_THROWS_WITH(gather_rows<float>(table, std::vector<Token>{1, -1}, out),
                    "embedding: token -1 at position 1: the vocabulary has 4 tokens");
}
