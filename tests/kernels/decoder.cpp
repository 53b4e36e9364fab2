// The decoder on a GPU: the same logits as the CPU's, and the same songs.
#include <musicgen/backend/cuda/cuda.hpp>
#include <musicgen/sample/sampler.hpp>

#include "device.hpp"

using namespace musicgen;

namespace {

template <Backend B>
Model<B> model_of(const ModelConfig& config) {
  return Model<B>(config, 5);  // the same weights on both
}

}  // namespace

TEST_CASE("kernels: decode, logits are the CPU's, past the window and after a restored state") {
  const ModelConfig config{{19, 5, 20, 3}, {}, {}, true};
  constexpr int B = 3, window = 4;
  auto reference = model_of<Cpu>(config).decoder(B, window);
  auto decoder = model_of<Cuda>(config).decoder(1, window).of_batch(B);
  const auto step = [&](int t) {
    const std::vector<Token> tokens{t % 19, (5 * t + 1) % 19, 2};
    const auto& expected = reference.step(tokens);
    const auto& found = decoder.step(tokens);
    double worst = 0;
    for (int b = 0; b < B; ++b)
      for (int v = 0; v < 19; ++v) worst = std::max<double>(worst, std::abs(found(b, v) - expected(b, v)));
    CHECK(worst / expected.cwiseAbs().maxCoeff() < test::fp32_tolerance);
  };
  for (int t = 0; t < 6; ++t) step(t);
  const auto state = decoder.state();
  const auto reference_state = reference.state();
  for (int t = 6; t < 9; ++t) step(t);
  decoder.restore(state);
  reference.restore(reference_state);
  for (int t = 12; t < 15; ++t) step(t);
  decoder.reset();
  reference.reset();
  step(7);
}

TEST_CASE("kernels: decode, a sampler writes the CPU's song") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const ModelConfig config{{vocabulary.size(), 8, 20, 2}, vocabulary, {}, true};
  const auto cpu = model_of<Cpu>(config);
  const auto gpu = model_of<Cuda>(config);
  Sampler<Cpu> expected(cpu, {.seed = 3, .attention_window = 16});
  Sampler<Cuda> found(gpu, {.seed = 3, .attention_window = 16});
  for (int i = 0; i < 40; ++i) REQUIRE(found.next() == expected.next());
}

TEST_CASE("kernels: decode refuses what it lacks by name") {
  const auto model = model_of<Cuda>({{19, 5, 8, 1}, {}, {}, true});
  CHECK_THROWS_WITH(model.decoder(1, 4, Precision::int8), "decoder: on a GPU weights are in fp32, not in bf16 or int8");
  CHECK_THROWS_WITH(model.decoder(0, 4), "decoder: 0 songs, an attention window of 4");
  auto decoder = model.decoder(2, 4);
  CHECK_THROWS_WITH(decoder.step(std::vector<Token>{1}), "decoder: 1 tokens for 2 songs");
  CHECK_THROWS_WITH(decoder.step(std::vector<Token>{1, 19}),
                    "embedding: token 19 at position 1: the vocabulary has 19 tokens");
  CHECK_THROWS_WITH(decoder.restore(model.decoder(3, 4).state()), Catch::Contains("is of another model"));
}
