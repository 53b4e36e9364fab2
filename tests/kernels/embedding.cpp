#include <musicgen/backend/cuda/embedding.hpp>

#include "device.hpp"

using namespace musicgen;
using test::on_host;
using test::random_floats;
using test::relative_difference;

namespace {

void check(int N, int V, int H) {
  INFO("N " << N << " V " << V << " H " << H);
  test::TwinParameters twins({V, 7, H, 1});
  Random random(3);
  std::vector<Token> tokens;
  for (int i = 0; i < N; ++i) tokens.push_back(i % 3 == 0 ? 2 : random.between(0, V - 1));  // one is frequent

  cpu::Matrix<double> table, gates, de;
  cpu::embedding_forward<double>(twins.cpu.embedding, twins.cpu.gru[0], tokens, {}, table, gates);
  cuda::Batch batch;
  batch.assign(tokens, {}, V);
  cuda::GruSaved layer;
  cuda::Matrix<float> table_on_device;
  cuda::embedding_forward(twins.weights(Precision::fp32), batch, table_on_device, layer);
  CHECK(relative_difference(on_host(layer.gates.exact), gates) < test::fp32_tolerance);

  const auto dgates = random_floats(N, 4 * H, 8);
  cpu::embedding_backward<double>(twins.cpu.embedding, twins.cpu.gru[0], tokens, {}, dgates, table, de,
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
}

TEST_CASE("kernels: embedding under all schedules") {
  test::under_all_schedules([] { check(32 * 2, 19, 20); });
}

TEST_CASE("kernels: embedding and loss name a token out of range, and write nothing") {
  cuda::Batch batch;
  batch.assign(std::vector<Token>{1, 0, 3, 0}, std::vector<Token>{2, no_token}, 4);
  CHECK_THROWS_WITH(batch.assign(std::vector<Token>{1, -1}, {}, 4),
                    "embedding: token -1 at position 1: the vocabulary has 4 tokens");
  CHECK_THROWS_WITH(batch.assign(std::vector<Token>{1}, std::vector<Token>{0, 4}, 4),
                    "loss: target 4 in row 1: the vocabulary has 4 tokens");
  CHECK(on_host(batch.tokens(), 4) == std::vector<int>{1, 0, 3, 0});
  CHECK(on_host(batch.order(), 4) == std::vector<int>{1, 3, 0, 2});
  CHECK(on_host(batch.begins(), 5) == std::vector<int>{0, 2, 3, 3, 4});
  CHECK(on_host(batch.target_tokens(), 2) == std::vector<int>{2, no_token});
  CHECK(on_host(batch.target_count(), 1) == std::vector<int>{1});
}
