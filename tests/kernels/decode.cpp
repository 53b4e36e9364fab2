// The resident decoder against the CPU's: logits in double, and the same tokens for the same seed.
#include <emulator/emulator.hpp>
#include <emulator/global_memory.hpp>
#include <kernels/decode.cuh>
#include <musicgen/model.hpp>
#include <musicgen/tokens/grammar.hpp>
#include <vector>

#include "../backend/cpu/numeric.hpp"
#include "chooser.hpp"

namespace kernels_decode {

using namespace musicgen;
using cpu::Matrix;

Model<> random_model(int V, int H, int L) {
  ModelConfig config;
  config.dimensions = {V, 5, H, L};
  Model<> model(config, 3);
  for (auto& t : model.weights().tensors())  // so that attention chooses
    for (float& w : t.values) w *= t.name.starts_with("gru") ? 3.0f : 1.5f;
  return model;
}

std::vector<Token> random_tokens(int count, int V) {
  Random random(8);
  std::vector<Token> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(static_cast<Token>(random.below(static_cast<std::uint64_t>(V))));
  return tokens;
}

/// The CPU's decoder in double, with the weights rounded to bf16 if asked for.
cpu::Decoder<double> double_decoder(const Model<>& model, int B, int W) {
  auto weights = cpu::Parameters<double>::zeros(model.dimensions());
  const auto from = model.weights().tensors();
  auto to = weights.tensors();
  for (std::size_t i = 0; i < to.size(); ++i)
    std::copy(from[i].values.begin(), from[i].values.end(), to[i].values.begin());
  return cpu::Decoder<double>(weights, B, W, Precision::fp32, model.config().attention);
}

template <class Weight>
class EmulatedDecoder {
 public:
  EmulatedDecoder(const Model<>& model, int B, int W, kernels::DecodeGrid launch_grid)
      : shape{B,
              model.dimensions().V,
              model.dimensions().H,
              model.dimensions().L,
              W,
              model.config().attention.value == AttentionValue::successor,
              model.config().attention.scale},
        grid(launch_grid),
        logits(B, shape.V),
        rows_(shape.rows() * static_cast<std::size_t>(shape.width())),
        biases_(shape.L, 4 * shape.H),
        b1_(model.weights().head.b1),
        b2_(model.weights().head.b2),
        state_(kernels::DecodeState<Weight>::bytes(shape)),
        work_(kernels::DecodeWork::bytes(shape), std::byte{0xFF}) {
    const auto& p = model.weights();
    cpu::gru_inputs(p.gru[0], cpu::view(p.embedding), table_);
    const auto pack = [&](const Matrix<float>& w, int column, int matrix) {
      kernels::pack_decode_rows(shape, w.data() + column, static_cast<int>(w.cols()), static_cast<int>(w.rows()),
                                matrix, rows_.data(), nullptr);
    };
    for (int l = 0; l < shape.L; ++l) {
      const auto& layer = p.gru[static_cast<std::size_t>(l)];
      if (l > 0) pack(layer.w_ih, 0, shape.w_ih(l));
      pack(layer.w_hh, 0, shape.w_hh(l));
      cpu::RowVector<float> biases(4 * shape.H);
      cpu::detail::gru_biases(layer, biases);
      biases_.row(l) = biases;
    }
    pack(p.head.w1, 0, shape.w1_h());
    pack(p.head.w1, shape.H, shape.w1_c());
    pack(p.head.w2, 0, shape.w2());
  }

  void run(kernels::DecodeRun what) {
    what.logits = logits.data();
    what.rules.V = shape.V;
    kernels::decode<Weight>({shape,
                             {rows_.data(), table_.data(), biases_.data(), b1_.data(), b2_.data()},
                             {shape, state_.data()},
                             {shape, work_.data()}},
                            what, grid, nullptr);
  }
  const Matrix<float>& step(const Token* tokens) {
    run({tokens, 1});
    return logits;
  }

  const emulator::Global<std::byte>& state() const { return state_; }
  void restore(const emulator::Global<std::byte>& state) { state_ = state; }

  kernels::DecodeShape shape;
  kernels::DecodeGrid grid;
  Matrix<float> logits;

 private:
  emulator::Global<Weight> rows_;
  Matrix<float> table_, biases_;
  cpu::RowVector<float> b1_, b2_;
  emulator::Global<std::byte> state_, work_;
};

struct Size {
  int B, V, H, L, W, steps;
  kernels::DecodeGrid grid;
};

TEST_CASE("kernel decode: a token at a time gives the CPU's logits, beyond the window") {
  const auto size = GENERATE(Size{1, 19, 8, 1, 1, 4, {3, 64}}, Size{3, 19, 20, 2, 2, 6, {3, 64}},
                             Size{2, 31, 20, 3, 17, 22, {4, 32}}, Size{1, 310, 130, 3, 2, 4, {3, 96}},
                             Size{4, 19, 8, 2, 5, 8, {9, 32}});  // the last: blocks without a unit
  CAPTURE(size.B, size.V, size.H, size.L, size.W);
  const auto model = random_model(size.V, size.H, size.L);
  const auto tokens = random_tokens(size.B * size.steps, size.V);
  const auto worst = [&](auto decoder) {
    auto reference = double_decoder(model, size.B, size.W);
    double difference = 0;
    for (int t = 0; t < size.steps; ++t) {
      const auto row =
          std::span(tokens).subspan(static_cast<std::size_t>(t * size.B), static_cast<std::size_t>(size.B));
      const Matrix<double> expected = reference.step(row);
      difference = std::max(difference, test::relative_difference(decoder.step(row.data()), expected));
    }
    return difference;
  };
  emulator::under_all_schedules([&](emulator::Schedule schedule) {
    CAPTURE(schedule.name());
    CHECK(worst(EmulatedDecoder<float>(model, size.B, size.W, size.grid)) < 1e-5);
    CHECK(worst(EmulatedDecoder<device::bf16>(model, size.B, size.W, size.grid)) < 2e-2);
  });
}

TEST_CASE("kernel decode: many tokens in a launch, all rows in shared memory or none, give the same bits") {
  const int V = 19, W = 5;
  const auto model = random_model(V, 21, 2);
  const auto tokens = random_tokens(13, V);
  EmulatedDecoder<float> one_by_one(model, 1, W, {3, 64});
  for (const Token& token : tokens) one_by_one.step(&token);
  emulator::under_all_schedules([&](emulator::Schedule schedule) {
    CAPTURE(schedule.name());
    for (const std::size_t shared : {std::size_t{0}, std::size_t{9000}, std::size_t{227 * 1024}}) {
      EmulatedDecoder<float> together(model, 1, W, {3, 64, shared});
      together.run({tokens.data(), 13});
      CHECK((together.logits.array() == one_by_one.logits.array()).all());
      CHECK((together.step(tokens.data()).array() == EmulatedDecoder(one_by_one).step(tokens.data()).array()).all());
    }
  });
}

TEST_CASE("kernel decode: restoring a state repeats what followed it, zeros are the beginning") {
  const auto model = random_model(19, 12, 2);
  EmulatedDecoder<float> decoder(model, 1, 4, {2, 64});
  const auto tokens = random_tokens(9, 19);
  const Matrix<float> begun = decoder.step(&tokens[0]);
  for (const Token& token : tokens) decoder.step(&token);
  const auto state = decoder.state();
  const Matrix<float> first = decoder.step(&tokens[3]);
  decoder.step(&tokens[4]);
  decoder.restore(state);
  CHECK((decoder.step(&tokens[3]).array() == first.array()).all());
  decoder.restore(emulator::Global<std::byte>(state.size()));
  CHECK((decoder.step(&tokens[0]).array() == begun.array()).all());
}

TEST_CASE("kernel decode: the CPU's tokens for the same seed") {
  const int B = GENERATE(1, 3), draws = B == 1 ? 300 : 130, V = 45;
  const auto model = random_model(V, 20, 2);
  const std::vector<std::uint32_t> pitches{3, 4, 8, 11, 30, 31, 32, 40, 44};
  std::vector<std::uint32_t> pitch_bits(2);
  for (const std::uint32_t v : pitches) pitch_bits[v / 32] |= std::uint32_t{1} << v % 32;
  const kernels::SamplingRules rules{.V = V,
                                     .options = {.temperature = 0.9f,
                                                 .top_k = 30,
                                                 .top_p = 0.97f,
                                                 .min_p = 0.001f,
                                                 .pitch_temperature = 0.8f,
                                                 .pitch_top_p = 0.95f,
                                                 .pitch_min_p = 0.02f},
                                     .pitches = pitch_bits.data()};
  const std::vector<Token> prompt = random_tokens(3 * B, V);

  std::vector<Token> expected;
  auto on_the_cpu = model.decoder(B, 17);
  std::vector<Random> randoms;
  for (int b = 0; b < B; ++b) randoms.emplace_back(5, b);
  test::Chooser chooser(V, pitches);
  std::vector<Token> last;
  for (int i = 0; i < draws + 2; ++i) {
    const bool given = i < 3;
    if (given) last.assign(prompt.begin() + i * B, prompt.begin() + (i + 1) * B);
    const Matrix<float>& logits = on_the_cpu.step(last);
    for (int b = 0; b < B && i >= 2; ++b) {
      const std::span row(logits.row(b).data(), static_cast<std::size_t>(V));
      auto& random = randoms[static_cast<std::size_t>(b)];
      last[static_cast<std::size_t>(b)] = chooser.choose<float>(row, {}, {}, rules.options, random).token;
      expected.push_back(last[static_cast<std::size_t>(b)]);
    }
  }

  EmulatedDecoder<float> decoder(model, B, 17, {3, 64});
  std::vector<kernels::Generator> generators;
  for (int b = 0; b < B; ++b) generators.push_back({5, static_cast<std::uint64_t>(b)});
  std::vector<Token> tokens(static_cast<std::size_t>(draws * B));
  std::vector<double> log_probabilities(tokens.size());
  const auto draw = [&](const Token* given, int count, int first, int n) {
    const auto at = static_cast<std::size_t>(first * B);
    kernels::DecodeRun run{given, count, n};
    run.rules = rules;
    run.generators = generators.data();
    run.tokens = &tokens[at];
    run.log_probabilities = &log_probabilities[at];
    decoder.run(run);
  };
  draw(prompt.data(), 3, 0, 100);
  draw(&tokens[static_cast<std::size_t>(99 * B)], 1, 100, draws - 100);  // another launch goes on
  CHECK(tokens == expected);
}

TEST_CASE("kernel decode: songs under the grammar are the CPU's") {
  const bool canonical = GENERATE(false, true);
  const int draws = 120;
  const auto vocabulary = Vocabulary::standard();
  const int V = vocabulary.size();
  const auto model = random_model(V, 12, 1);
  std::vector<std::uint8_t> forbidden(static_cast<std::size_t>(V)), allowed(forbidden.size());
  for (Token t = 0; t < V; ++t)  // so that a song gets somewhere
    forbidden[static_cast<std::size_t>(t)] =
        (vocabulary[t].kind == TokenKind::note_on && vocabulary[t].value % 40 != 20) ||
        (vocabulary[t].kind == TokenKind::track && vocabulary[t].value > 2) || t == vocabulary.end();
  const kernels::SamplingRules rules{V, {.top_p = 0.99f}};

  std::vector<Token> expected;
  std::vector<int> kinds(7);
  {
    Grammar grammar(vocabulary, {.canonical = canonical, .forbidden = forbidden});
    auto decoder = model.decoder(1, 17);
    test::Chooser chooser(V);
    Random random(5);
    Token token = vocabulary.start();
    for (int i = 0; i < draws; ++i) {
      grammar.advance(token);
      grammar.allowed(allowed);
      const Matrix<float>& logits = decoder.step(std::span(&token, 1));
      token = chooser.choose<float>({logits.data(), allowed.size()}, {}, allowed, rules.options, random).token;
      expected.push_back(token);
      ++kinds[static_cast<std::size_t>(vocabulary[token].kind)];
    }
  }
  for (const TokenKind kind : {TokenKind::note_on, TokenKind::note_off, TokenKind::track, TokenKind::time})
    REQUIRE(kinds[static_cast<std::size_t>(kind)] > 3);

  const kernels::HostGrammarRules host(vocabulary, canonical, forbidden);
  EmulatedDecoder<float> decoder(model, 1, 17, {2, 128});
  kernels::DecodeRun run{};
  kernels::Generator generator{5, 0};
  kernels::GrammarState song{};
  std::vector<Token> tokens(expected.size());
  std::vector<double> log_probabilities(expected.size());
  run.grammar = {host.words.data(), host.playable.data(), host.canonical, host.has_notes};
  run.songs = &song;
  run.generators = &generator;
  run.rules = rules;
  const auto draw = [&](Token given, int first, int n) {
    const auto at = static_cast<std::size_t>(first);
    run.given = &given;
    run.given_count = 1;
    run.draws = n;
    run.tokens = &tokens[at];
    run.log_probabilities = &log_probabilities[at];
    decoder.run(run);
  };
  draw(vocabulary.start(), 0, 70);
  draw(tokens[69], 70, draws - 70);
  CHECK(tokens == expected);
}

TEST_CASE("kernel decode: logits that are not finite end the draws, too many songs are refused") {
  auto model = random_model(19, 12, 1);
  model.weights().head.b2(4) = NAN;
  EmulatedDecoder<float> decoder(model, 1, 4, {2, 64});
  kernels::Generator generator{1, 1};
  std::vector<Token> tokens(5, 7);
  std::vector<double> log_probabilities(5);
  const Token first = 3;
  kernels::DecodeRun run{&first, 1, 5};
  run.generators = &generator;
  run.tokens = tokens.data();
  run.log_probabilities = log_probabilities.data();
  decoder.run(run);
  CHECK(tokens == std::vector<Token>(5, no_token));
  EmulatedDecoder<float> many(model, 5, 4, {2, 64});
  CHECK_THROWS_WITH(many.step(tokens.data()), Catch::Contains("5 songs"));
}

}  // namespace kernels_decode
