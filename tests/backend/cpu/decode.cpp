#include <musicgen/model.hpp>
#include <optional>

#include "numeric.hpp"
#include "threads.hpp"

using namespace musicgen;

namespace {

Model<> small_model(int V, int H, int L, AttentionOptions attention = {}) {
  ModelConfig config;
  config.dimensions = {V, 5, H, L};
  config.attention = attention;
  return Model<>(config, 3);
}
std::vector<Token> random_tokens(int count, int V, std::uint64_t seed) {
  Random random(seed);
  std::vector<Token> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(static_cast<Token>(random.below(static_cast<std::uint64_t>(V))));
  return tokens;
}

}  // namespace

TEST_CASE("decode: a token at a time gives the logits of the whole sequence") {
  const int B = 3, T = 140, V = 19;
  auto model = small_model(
      V, 29, 2, GENERATE(AttentionOptions(AttentionValue::match), AttentionOptions(AttentionValue::successor, 0.3f)));
  const auto tokens = random_tokens(T * B, V, 1);
  const std::vector<Token> no_targets(tokens.size(), no_token);
  const auto whole = model.logits({B, T, T, tokens, no_targets});
  auto decoder = model.decoder(B, T);
  for (int t = 0; t < T; ++t) {
    const auto& logits = decoder.step(std::span(tokens).subspan(static_cast<std::size_t>(t * B), B));
    CHECK(test::relative_difference(logits, map(whole).middleRows(t * B, B).eval()) < 1e-5);
  }
}

TEST_CASE("decode: with contexts and copying a token at a time gives what the whole sequence does") {
  const int B = 3, T = 140, V = 19, parts = 2;
  ModelConfig config;
  config.dimensions = {V, 5, 29, 2, 6, true};
  config.attention = GENERATE(AttentionOptions(AttentionValue::match), AttentionOptions(AttentionValue::successor, 2));
  Model<> model(config, 3);
  Random random(4);
  for (auto& t : model.weights().tensors())
    for (float& w : t.values) w += 0.2f * static_cast<float>(random.normal());
  const auto tokens = random_tokens(T * B, V, 1);
  auto contexts = random_tokens(T * B * parts, 6, 2);
  for (Token& row : contexts) row += V;
  const std::vector<Token> no_targets(tokens.size(), no_token);
  const auto whole = model.logits({B, T, T, tokens, no_targets, contexts});
  auto decoder = model.decoder(B, T);
  std::optional<Cpu::Decoder::State> kept;
  const auto step = [&](int t) {
    const auto first = static_cast<std::size_t>(t * B);
    const auto& logits = decoder.step(std::span(tokens).subspan(first, B),
                                      std::span(contexts).subspan(first * parts, static_cast<std::size_t>(B * parts)));
    REQUIRE(logits.cols() == V);
    CHECK(test::relative_difference(logits, map(whole).middleRows(t * B, B).eval()) < 1e-4);
  };
  for (int t = 0; t < T; ++t) {
    if (t == 70) kept = decoder.state();
    step(t);
  }
  decoder.restore(*kept);
  step(70);
}

TEST_CASE("decode: the recurrent state has the bits of the whole sequence's") {
  const int B = 3, T = 40, V = 19;
  const auto model = small_model(V, 29, 2);
  const auto tokens = random_tokens(T * B, V, 1);
  Cpu::Activations saved;
  const Sequences batch{B, T, T, tokens, {}};
  Cpu::embed(model.weights(), Pass{batch}, saved);
  Cpu::gru_stack_forward(model.weights(), Pass{batch}, saved);
  auto decoder = model.decoder(B, T);
  for (int t = 0; t < T; ++t) {
    decoder.step(std::span(tokens).subspan(static_cast<std::size_t>(t * B), B));
    for (std::size_t l = 0; l < 2; ++l)
      CHECK(map(decoder.state().h[l]) == map(saved.gru[l].h).middleRows((t + 1) * B, B));
  }
}

TEST_CASE("decode: a song has the same bits alone and beside others") {
  const int B = 5, T = 30, V = 19;
  const auto model = small_model(V, 29, 3);
  const auto tokens = random_tokens(T * B, V, 2);
  auto together = model.decoder(B, 16), alone = together.of_batch(1);
  for (int t = 0; t < T; ++t) {
    const auto row = std::span(tokens).subspan(static_cast<std::size_t>(t * B), B);
    const auto& all = together.step(row);
    const auto& one = alone.step(row.subspan(4, 1));
    CHECK(map(one).row(0) == map(all).row(4));
  }
}

TEST_CASE("decode: attention sees the last `window` outputs and no others") {
  const int V = 19, window = 8;
  const auto model = small_model(V, 16, 1);
  // Two pasts that differ, then enough equal tokens: the recurrent state differs less and less, and the ring holds none
  // of the difference. With a window over everything the difference stays in view.
  const auto after = [&](Token first, int w) {
    auto decoder = model.decoder(1, w);
    decoder.step(std::vector<Token>{first});
    for (int i = 0; i < 400; ++i) decoder.step(std::vector<Token>{static_cast<Token>(i % V)});
    return decoder.step(std::vector<Token>{7});
  };
  CHECK(after(1, window) == after(2, window));
  CHECK(after(1, 1000) != after(2, 1000));
}

TEST_CASE("decode: tokens and states of another size are refused") {
  const auto model = small_model(19, 16, 2);
  auto decoder = model.decoder(2, 8);
  decoder.step(std::vector<Token>{1, 2});
  const auto state = decoder.state();
  CHECK_THROWS_WITH(decoder.step(std::vector<Token>{1}), Catch::Contains("2 songs"));
  for (auto other :
       {model.decoder(1, 8), model.decoder(2, 7), small_model(19, 17, 2).decoder(2, 8),
        small_model(19, 16, 1).decoder(2, 8), model.decoder(2, 8, Precision::bf16),
        model.decoder(2, 8, Precision::int8), small_model(19, 16, 2, AttentionValue::successor).decoder(2, 8)})
    CHECK_THROWS_WITH(other.restore(state), Catch::Contains("state"));
  CHECK_NOTHROW(decoder.restore(state));
  CHECK_THROWS_WITH(model.decoder(0, 8), Catch::Contains("0 songs"));
}

TEST_CASE("decode: restoring a state repeats what followed it") {
  const int V = 19;
  const auto model = small_model(V, 16, 2);
  auto decoder = model.decoder(1, 8);
  for (Token t = 0; t < 12; ++t) decoder.step(std::vector<Token>{t});
  const auto state = decoder.state();
  const auto first = decoder.step(std::vector<Token>{3});
  decoder.step(std::vector<Token>{4});
  decoder.restore(state);
  CHECK(decoder.step(std::vector<Token>{3}) == first);
  decoder.reset();
  auto fresh = model.decoder(1, 8);
  CHECK(decoder.step(std::vector<Token>{5}) == fresh.step(std::vector<Token>{5}));
}

TEST_CASE("decode: fewer bytes change the probabilities little") {
  const int V = 19, T = 200;
  const auto model = small_model(V, 77, 2);
  const auto tokens = random_tokens(T, V, 5);
  const auto worst = [&](Precision precision) {
    auto exact = model.decoder(1, 100), decoder = model.decoder(1, 100, precision);
    double difference = 0;
    for (const Token& token : tokens) {
      const auto& logits = exact.step(std::span(&token, 1));
      difference = std::max(difference, test::relative_difference(decoder.step(std::span(&token, 1)), logits));
    }
    return difference;
  };
  CHECK(worst(Precision::fp32) == 0);
  CHECK(worst(Precision::bf16) > 0);
  CHECK(worst(Precision::bf16) < 0.01);
  CHECK(worst(Precision::int8) > worst(Precision::bf16));
  CHECK(worst(Precision::int8) < 0.1);  // an untrained model's outputs are small
}

TEST_CASE("decode: in every precision the same bits for 1, 2 and 3 threads, alone and beside others") {
  const int B = 21, V = 19, H = 160, T = 150;
  const auto model = small_model(V, H, 2);  // shared among threads with all songs, though not with one
  REQUIRE(B * (3 * H * H * 3 + H * (2 * H + V)) >= cpu::Decoder<float>::worth_several_threads);
  const auto tokens = random_tokens(T * B, V, 6);
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    std::vector<cpu::Matrix<float>> last;
    for (const int threads : {1, 2, 3}) {
      const test::Threads pool(threads);
      auto decoder = model.decoder(B, 130, precision), alone = decoder.of_batch(1);
      for (int t = 0; t < T; ++t) {
        const auto row = std::span(tokens).subspan(static_cast<std::size_t>(t * B), B);
        const auto& all = decoder.step(row);
        CHECK(map(alone.step(row.subspan(3, 1))).row(0) == map(all).row(3));
        if (t == T - 1) last.push_back(all);
      }
    }
    CHECK(last[0] == last[1]);
    CHECK(last[0] == last[2]);
  }
}
