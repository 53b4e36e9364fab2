// The decoder on a GPU: the same logits as the CPU's, and the same songs.
#include <musicgen/cuda.hpp>
#include <musicgen/sample/sampler.hpp>

#include "device.hpp"

using namespace musicgen;

namespace {

template <Backend B>
Model<B> model_of(const ModelConfig& config) {
  return Model<B>(config, 5);  // the same weights on both
}

void check_logits(int B, Precision precision, AttentionOptions attention, int window = 4) {
  const ModelConfig config{{19, 5, 20, 3}, {}, {}, true, attention};
  auto reference = model_of<Cpu>(config).decoder(B, window);
  auto decoder = model_of<Cuda>(config).decoder(1, window, precision).of_batch(B);
  const auto step = [&](int t) {
    std::vector<Token> tokens{2};
    for (int b = 1; b < B; ++b) tokens.push_back((b * t + b) % 19);
    const auto& expected = reference.step(tokens);
    const auto& found = decoder.step(tokens);
    double worst = 0;
    for (int b = 0; b < B; ++b)
      for (int v = 0; v < 19; ++v) worst = std::max<double>(worst, std::abs(found(b, v) - expected(b, v)));
    CHECK(worst / cpu::map(expected).cwiseAbs().maxCoeff() < test::tolerance(precision));
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

/// Contexts, places and copying, past the window, after a restored state, and from the beginning again.
void check_with_contexts(int B, int window, AttentionOptions attention, const Dimensions& d) {
  INFO("B " << B << " window " << window << (d.copies ? " copies" : "") << (d.places ? " places" : ""));
  const auto model = test::model_with_contexts({d, {}, {}, true, attention}, 5);
  auto reference = test::copied<BasicCpu<double>>(model).decoder(B, window);
  auto decoder = model.decoder(1, window).of_batch(B);
  const auto step = [&](std::uint64_t t) {
    Random random(t);
    std::vector<Token> tokens, contexts;
    std::vector<std::int32_t> places;
    for (int b = 0; b < B; ++b) tokens.push_back(random.between(0, 6));
    for (int i = 0; i < 2 * B && d.C > 0; ++i) contexts.push_back(d.V + random.between(0, d.C - 1));
    for (int b = 0; b < B; ++b) places.push_back(random.between(-1, 2));
    const auto& expected = reference.step(tokens, contexts, places);
    const auto& found = decoder.step(tokens, contexts, places);
    REQUIRE(found.cols() == d.V);
    double worst = 0;
    for (int b = 0; b < B; ++b)
      for (int v = 0; v < d.V; ++v) worst = std::max<double>(worst, std::abs(found(b, v) - expected(b, v)));
    CHECK(worst / cpu::map(expected).cwiseAbs().maxCoeff() < test::fp32_tolerance);
  };
  for (std::uint64_t t = 0; t < 9; ++t) step(t);
  const auto state = decoder.state();
  const auto reference_state = reference.state();
  for (std::uint64_t t = 9; t < 12; ++t) step(t);
  decoder.restore(state);
  reference.restore(reference_state);
  for (std::uint64_t t = 20; t < 26; ++t) step(t);
  decoder.reset();
  reference.reset();
  for (std::uint64_t t = 30; t < 33; ++t) step(t);
}

}  // namespace

TEST_CASE("kernels: decode, with contexts, copying and places logits are the CPU's") {
  test::with_all_kernels([] {
    for (const auto& attention :
         {AttentionOptions(AttentionValue::match), AttentionOptions(AttentionValue::successor, 0.3f)})
      for (const int window : {1, 4, 50}) {
        check_with_contexts(3, window, attention, {19, 5, 20, 2, 9, true, true});
        check_with_contexts(1, window, attention, {310, 5, 20, 1, 0, true});
        check_with_contexts(2, window, attention, {19, 5, 20, 2, 9, false, true});
      }
  });
}

TEST_CASE("kernels: decode, logits are the CPU's, past the window and after a restored state") {
  const std::array both{AttentionOptions(AttentionValue::match), AttentionOptions(AttentionValue::successor, 0.3f)};
  test::with_all_kernels([&] {
    for (const auto& attention : both)
      for (const int B : {1, 3, 6}) check_logits(B, Precision::fp32, attention, B == 3 ? 1 : 4);
  });
  for (const auto& attention : both) check_logits(5, Precision::bf16, attention);
}

TEST_CASE("kernels: decode, a sampler writes the CPU's song") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const ModelConfig config{{vocabulary.size(), 8, 20, 2}, vocabulary, {}, true};
  const auto cpu = model_of<Cpu>(config);
  const auto gpu = model_of<Cuda>(config);
  test::with_all_kernels([&] {
    Sampler<Cpu> expected(cpu, {.seed = 3, .window = 16});
    Sampler<Cuda> found(gpu, {.seed = 3, .window = 16});
    for (int i = 0; i < 40; ++i) REQUIRE(found.next() == expected.next());
    const auto songs = found.generate(5, Length::in_tokens(12)), same = expected.generate(5, Length::in_tokens(12));
    for (std::size_t i = 0; i < songs.size(); ++i) CHECK(songs[i].tokens == same[i].tokens);
  });
}

TEST_CASE("kernels: decode refuses what it lacks by name") {
  const auto model = model_of<Cuda>({{19, 5, 8, 1}, {}, {}, true});
  CHECK_THROWS_WITH(model.decoder(1, 4, Precision::int8), "decoder: on a GPU weights are in fp32 or bf16, not in int8");
  CHECK_THROWS_WITH(model.decoder(1, 1 << 20, Precision::bf16),
                    Catch::Contains("8 hidden units and an attention window of 1048576 do not fit"));
  CHECK_THROWS_WITH(model.decoder(0, 4), "decoder: 0 songs, an attention window of 4");
  CHECK_THROWS_WITH(model.decoder(1, 4).of_batch(0), Catch::Contains("0 songs"));
  auto decoder = model.decoder(2, 4);
  CHECK_THROWS_WITH(decoder.step(std::vector<Token>{1}), "decoder: 1 tokens for 2 songs");
  CHECK_THROWS_WITH(decoder.step(std::vector<Token>{1, 19}),
                    "embedding: token 19 at position 1: the vocabulary has 19 tokens");
  CHECK_THROWS_WITH(decoder.restore(model.decoder(3, 4).state()), Catch::Contains("is of another model"));

  const auto of_beats = model_of<Cuda>({{19, 5, 8, 1, 3, true, true}, {}, {}, true});
  CHECK_THROWS_WITH(of_beats.decoder(1, 4, Precision::bf16),
                    "decoder: on a GPU models with contexts or places, or that copy, are in fp32, not in bf16");
  auto with_places = of_beats.decoder(2, 4);
  CHECK_THROWS_WITH(with_places.step(std::vector<Token>{1, 2}), "decoder: 0 places for 2 songs");
  CHECK_THROWS_WITH(with_places.restore(decoder.state()), Catch::Contains("is of another model"));
}
