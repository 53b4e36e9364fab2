#include <musicgen/backend/cuda/embedding.hpp>

#include "device.hpp"

using namespace musicgen;
using test::on_host;
using test::random_floats;
using test::relative_difference;

namespace {

/// @param C  contexts, of which each token has three; 0: it has none
void check(int N, int V, int H, int C = 0) {
  INFO("N " << N << " V " << V << " H " << H << " C " << C);
  const Dimensions d{V, 7, H, 1, C};
  test::TwinParameters twins(d);
  Random random(3);
  std::vector<Token> tokens, contexts;
  for (int i = 0; i < N; ++i) tokens.push_back(i % 3 == 0 ? 2 : random.between(0, V - 1));  // one is frequent
  for (int i = 0; i < (C > 0 ? 3 * N : 0); ++i) contexts.push_back(V + (i % 3 == 0 ? 1 : random.between(0, C - 1)));

  cpu::Matrix<double> table, gates, de;
  cpu::embedding_forward<double>(twins.cpu.embedding, twins.cpu.gru[0], tokens, contexts, table, gates);
  cuda::Batch batch;
  batch.assign({1, N, 0, tokens, {}, contexts}, d);
  cuda::GruSaved layer;
  cuda::Matrix<float> table_on_device;
  cuda::embedding_forward(twins.weights(Precision::fp32), batch, table_on_device, layer);
  CHECK(relative_difference(on_host(layer.gates.exact), gates) < test::fp32_tolerance);

  const auto dgates = random_floats(N, 4 * H, 8);
  cpu::embedding_backward<double>(twins.cpu.embedding, twins.cpu.gru[0], tokens, contexts, dgates, table, de,
                                  twins.cpu_gradients.embedding, twins.cpu_gradients.gru[0].w_ih);
  layer.gates = test::factor_on_device(dgates, Precision::fp32);
  cuda::embedding_backward(twins.weights(Precision::fp32), batch, layer, table_on_device,
                           twins.gpu_gradients.tensors());
  twins.check_gradients("embed", test::fp32_tolerance);
  twins.check_gradients("gru.weight_ih_l0", test::fp32_tolerance);
}

}  // namespace

TEST_CASE("kernels: embedding, the first layer's inputs and gradients are the CPU's") {
  check(1, 19, 8);
  check(3 * 17, 19, 20);
  check(2 * 17, 310, 130);
  check(3, 65'600, 1);  // more tokens than a grid has rows of blocks
  check(1, 19, 8, 2);
  check(3 * 17, 19, 20, 30);
  check(2 * 17, 310, 130, 5);
}

TEST_CASE("kernels: embedding under all schedules") {
  test::under_all_schedules([] {
    check(32 * 2, 19, 20);
    check(3 * 7, 19, 20, 6);
  });
}

TEST_CASE("kernels: embedding and loss name a token out of range, and write nothing") {
  cuda::Batch batch;
  const Dimensions d{.V = 4};
  const auto assign = [&](const std::vector<Token>& inputs, const std::vector<Token>& targets) {
    batch.assign({1, static_cast<int>(inputs.size()), 1, inputs, targets}, d);
  };
  assign({1, 0, 3, 0}, {2, no_token});
  CHECK_THROWS_WITH(assign({1, -1}, {}), "embedding: token -1 at position 1: the vocabulary has 4 tokens");
  CHECK_THROWS_WITH(assign({1}, {0, 4}), "loss: target 4 in row 1: the vocabulary has 4 tokens");
  CHECK(on_host(batch.tokens(), 4) == std::vector<int>{1, 0, 3, 0});
  CHECK(on_host(batch.order(), 4) == std::vector<int>{1, 3, 0, 2});
  CHECK(on_host(batch.begins(), 5) == std::vector<int>{0, 2, 3, 3, 4});
  CHECK(on_host(batch.target_tokens(), 2) == std::vector<int>{2, no_token});
  CHECK(on_host(batch.target_count(), 1) == std::vector<int>{1});
}

TEST_CASE("kernels: a batch sorts positions by tokens and contexts, and refuses contexts and places that do not fit") {
  cuda::Batch batch;
  const Dimensions d{.V = 3, .C = 2, .places = true};
  const std::vector<Token> tokens{1, 0}, contexts{3, 4, 4, 4};
  const std::vector<std::int32_t> places{5, -1};
  batch.assign({1, 2, 0, tokens, {}, contexts, places}, d);
  CHECK(on_host(batch.contexts(), 4) == contexts);
  CHECK(on_host(batch.order(), 6) == std::vector<int>{1, 0, 0, 0, 1, 1});
  CHECK(on_host(batch.begins(), 6) == std::vector<int>{0, 1, 2, 2, 3, 6});
  CHECK(on_host(batch.places(), 2) == places);
  CHECK(on_host(batch.target_count(), 1) == std::vector<int>{0});
  const auto with = [&](std::span<const Token> some, std::span<const std::int32_t> known) {
    batch.assign({1, 2, 0, tokens, {}, some, known}, d);
  };
  CHECK_THROWS_WITH(with(std::vector<Token>{3, 5}, {}),
                    "embedding: context 5 in place 1: they begin at 3, and the model has 2");
  CHECK_THROWS_WITH(with(tokens, {}), "embedding: context 1 in place 0: they begin at 3, and the model has 2");
  CHECK_THROWS_WITH(with(std::vector<Token>{3, 4, 4}, {}), "3 contexts for 2 inputs");
  CHECK_THROWS_WITH(with({}, std::vector<std::int32_t>{1}), "1 places for 2 inputs");
}
