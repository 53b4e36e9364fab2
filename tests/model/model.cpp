#include <algorithm>
#include <musicgen/data/composer.hpp>
#include <musicgen/data/corpus.hpp>
#include <musicgen/model/model.hpp>
#include <musicgen/tokens/encoder.hpp>
#include <thread>

#include "backend/cpu/numeric.hpp"

using namespace musicgen;

namespace {

using Double = BasicCpu<double>;

Model<Double> double_model(Dimensions d, AttentionOptions attention = {}) {
  ModelConfig config;
  config.dimensions = d;
  config.attention = attention;
  return Model<Double>(config, 5);
}

void check_gradients(Model<Double>& model, const Sequences& batch) {
  model.forward(batch);
  model.backward(batch);
  auto weights = model.weights().tensors();
  const auto gradients = model.gradients().tensors();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    INFO(weights[i].name);
    test::check_gradient(weights[i].values, gradients[i].values, [&] { return model.forward(batch); });
  }
}

}  // namespace

TEST_CASE("model: gradients of the whole network agree with central differences") {
  const auto [B, T, Q, L] = GENERATE(table<int, int, int, int>({{1, 1, 1, 1}, {2, 5, 2, 3}, {3, 4, 4, 2}}));
  const Dimensions d{7, 3, 4, L};
  auto model = double_model(
      d, GENERATE(AttentionOptions(AttentionValue::match), AttentionOptions(AttentionValue::successor, 0.3f)));
  std::vector<Token> inputs, targets;
  Random random(9);
  for (int i = 0; i < T * B; ++i) inputs.push_back(random.between(0, d.V - 1));
  for (int i = 0; i < Q * B; ++i) targets.push_back(i == 1 ? no_token : random.between(0, d.V - 1));
  const Sequences batch{B, T, Q, inputs, targets};
  check_gradients(model, batch);
}

TEST_CASE("model: gradients with contexts and copying agree with central differences, and probabilities add up to 1") {
  const int B = 2, T = 9, Q = 6, parts = 3;
  const Dimensions d{7, 3, 4, 2, 5, true};
  auto model = double_model(
      d, GENERATE(AttentionOptions(AttentionValue::match), AttentionOptions(AttentionValue::successor, 0.3f)));
  Random random(9);
  for (auto& t : model.weights().tensors())
    for (double& w : t.values) w += 0.3 * random.normal();  // contexts begin at zero
  std::vector<Token> inputs, targets, contexts;
  for (int i = 0; i < T * B; ++i) inputs.push_back(random.between(0, d.V - 1));
  for (int i = 0; i < Q * B; ++i) targets.push_back(i == 1 ? no_token : random.between(0, d.V - 1));
  for (int i = 0; i < T * B * parts; ++i) contexts.push_back(d.V + random.between(0, d.C - 1));
  const Sequences batch{B, T, Q, inputs, targets, contexts};
  check_gradients(model, batch);

  const double loss = model.forward(batch);
  Model<Double>::Workspace workspace;
  const auto& logits = model.logits(batch, workspace);
  REQUIRE(logits.cols() == d.V);
  double sum = 0;
  for (int i = 0; i < Q * B; ++i) {
    double p = 0;
    for (int v = 0; v < d.V; ++v) p += std::exp(logits(i, v));
    CHECK(p == Approx(1).epsilon(1e-12));
    if (targets[static_cast<std::size_t>(i)] != no_token) sum -= logits(i, targets[static_cast<std::size_t>(i)]);
  }
  CHECK(sum / (Q * B - 1) == Approx(loss).epsilon(1e-12));
}

TEST_CASE("model: weights are drawn as widely as asked for") {
  ModelConfig config;
  config.dimensions = {500, 40, 64, 1};
  const Model<Double> usual(config, 3);
  config.initialization = {0.25, 2};
  const Model<Double> narrow(config, 3);
  const auto a = usual.weights().tensors(), b = narrow.weights().tensors();
  for (std::size_t i = 0; i < a.size(); ++i) {
    INFO(a[i].name);
    const double factor = a[i].name == "embed.weight" ? 0.25 : a[i].name == "hidden2vocab.weight" ? 2 : 1;
    for (std::size_t j = 0; j < a[i].values.size(); ++j) REQUIRE(b[i].values[j] == Approx(factor * a[i].values[j]));
  }
  const auto embedding = a.front().values;
  double squares = 0;
  for (const double w : embedding) squares += w * w;
  CHECK(squares / static_cast<double>(embedding.size()) == Approx(1).epsilon(0.05));
}

TEST_CASE("model: overfits one bar of music") {
  // About the first bar of a composed song, which a small network must learn by heart.
  const Vocabulary vocabulary = Vocabulary::standard();
  std::vector<Token> tokens = encode(compose(1), vocabulary).tokens;
  tokens.resize(40);
  ModelConfig config{{vocabulary.size(), 16, 32, 2}, vocabulary, {}, true};
  Model<> model(config, 1);
  auto m = Cpu::zeros(config.dimensions), v = m;
  const int T = static_cast<int>(tokens.size()) - 1;
  const Sequences batch{1, T, T, std::span(tokens).first(tokens.size() - 1), std::span(tokens).subspan(1)};
  double loss = 0;
  for (int step = 1; step <= 1000; ++step) {
    loss = model.forward(batch);
    model.backward(batch);
    Cpu::update(model.weights(), model.gradients(), m, v, step, 5e-3, {.clip = 0});
  }
  CHECK(loss < 0.01);
}

TEST_CASE("model: with products in bf16 loss and gradients are those of fp32 to two digits") {
  const Dimensions d{30, 8, 50, 3};
  constexpr int B = 3, T = 9, Q = 5;
  std::vector<Token> inputs, targets;
  Random random(9);
  for (int i = 0; i < T * B; ++i) inputs.push_back(random.between(0, d.V - 1));
  for (int i = 0; i < Q * B; ++i) targets.push_back(random.between(0, d.V - 1));
  const Sequences batch{B, T, Q, inputs, targets};
  Model<> exact({d, {}, {}, true}, 5), rounded({d, {}, {}, true}, 5);
  rounded.set_products(Precision::bf16);
  const double loss = exact.forward(batch), rounded_loss = rounded.forward(batch);
  CHECK(rounded_loss != loss);
  CHECK(rounded_loss == Approx(loss).epsilon(2e-3));
  exact.backward(batch);
  rounded.backward(batch);
  const auto gradients = exact.gradients().tensors(), others = rounded.gradients().tensors();
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    INFO(gradients[i].name);
    CHECK(test::relative_difference(others[i].values, gradients[i].values) < 2e-2);
    CHECK(test::relative_difference(others[i].values, gradients[i].values) > 0);
  }
  // backward() uses the precision of the last forward(), whatever has been set since.
  std::vector<float> before(others[1].values.begin(), others[1].values.end());
  rounded.forward(batch);
  rounded.set_products(Precision::fp32);
  rounded.backward(batch);
  CHECK(std::equal(before.begin(), before.end(), rounded.gradients().tensors()[1].values.begin()));
  CHECK_THROWS_WITH(exact.set_products(Precision::int8), "products are computed in fp32 or bf16, not in int8");
}

TEST_CASE("model: equal seeds give equal weights, other seeds others, and the scale is PyTorch's") {
  ModelConfig config = presets::small(Vocabulary::standard());
  config.initialization = {};
  const Model<> a(config, 1), b(config, 1), c(config, 2);
  CHECK(a.weights().gru[0].w_hh == b.weights().gru[0].w_hh);
  CHECK(a.weights().gru[0].w_hh != c.weights().gru[0].w_hh);
  CHECK(cpu::map(a.weights().gru[0].w_hh).cwiseAbs().maxCoeff() <= 1.0f / 16);
  CHECK(cpu::map(a.weights().gru[0].w_hh).cwiseAbs().maxCoeff() > 0.99f / 16);
  CHECK(cpu::map(a.weights().embedding).norm() / std::sqrt(static_cast<float>(a.weights().embedding.size())) ==
        Approx(1).epsilon(0.05));
  CHECK(a.parameter_count() == 940917);
}

TEST_CASE("model: sizes that make no sense are refused by name") {
  ModelConfig config;
  config.dimensions = {10, 4, 0, 1};
  CHECK_THROWS_WITH(Model<>(config), "model: hidden size is 0, not positive");
  CHECK_THROWS_AS(double_model({5, 2, 3, 1}).vocabulary(), Error);
  config.dimensions = {10, 4, 6, 1};
  config.vocabulary = Vocabulary::standard();
  CHECK_THROWS_WITH(Model<>(config), "model: vocabulary size is 10, but the vocabulary has 405 tokens");
  config.vocabulary.reset();
  for (const float scale : {0.0f, -1.0f, 3e38f, NAN}) {
    config.attention.scale = scale;
    CHECK_THROWS_WITH(Model<>(config), Catch::Contains("model: attention scale is ") && Catch::Contains("not in 1e-6"));
  }
}

TEST_CASE("model: sizes for which there is no memory are named, with the memory that they would take") {
  ModelConfig config;
  config.dimensions = {405, 96, 1 << 24, 2};
  CHECK_THROWS_WITH(Model<>(config),
                    "model: out of memory: with embedding 96, hidden 16777216 and layers 2 the weights alone take "
                    "11534381 GiB");
}

TEST_CASE("model: weights of other shapes are refused by name") {
  ModelConfig config;
  config.dimensions = {7, 3, 4, 2};
  const Model<Double> model(config);
  CHECK_NOTHROW(Model<Double>(config, model.weights()));
  config.dimensions = {7, 3, 5, 2};
  CHECK_THROWS_WITH(Model<Double>(config, model.weights()),
                    "model: tensor \"gru.weight_ih_l0\" has shape (12, 3), expected (15, 3)");
  config.dimensions = {7, 3, 4, 3};
  CHECK_THROWS_WITH(Model<Double>(config, model.weights()), "model: 13 weights, expected 17");
  Double::Parameters cut = model.weights();
  cut.head.b2.setZero(6);
  config.dimensions = {7, 3, 4, 2};
  CHECK_THROWS_WITH(Model<Double>(config, cut), Catch::Contains("\"hidden2vocab.bias\" has shape (6), expected (7)"));
}

TEST_CASE("model: threads share a const model, each with a workspace of its own") {
  const Dimensions d{30, 8, 50, 2};
  constexpr int B = 3, T = 9, Q = 5;
  const Model<> model({d, {}, {}, true, {AttentionValue::successor, 0.5f}}, 5);
  std::vector<std::vector<Token>> inputs(4), targets(4);
  std::vector<std::vector<float>> alone(4), together(4);
  const auto judge = [&](std::size_t k, Model<>::Workspace& workspace) {
    const auto nll = model.nll({B, T, Q, inputs[k], targets[k]}, workspace);
    return std::vector<float>(nll.begin(), nll.end());
  };
  Random random(9);
  Model<>::Workspace used_again;
  for (std::size_t k = 0; k < 4; ++k) {
    for (int i = 0; i < T * B; ++i) inputs[k].push_back(random.between(0, d.V - 1));
    for (int i = 0; i < Q * B; ++i) targets[k].push_back(random.between(0, d.V - 1));
    alone[k] = judge(k, used_again);
  }
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < 4; ++k)
    threads.emplace_back([&, k] {
      Model<>::Workspace workspace;
      for (int again = 0; again < 20; ++again) together[k] = judge(k, workspace);
    });
  for (auto& thread : threads) thread.join();
  CHECK(together == alone);
  CHECK(alone[0] != alone[1]);
}

TEST_CASE("model: the presets are the documented sizes") {
  const Vocabulary vocabulary = Vocabulary::standard();
  CHECK(presets::small(vocabulary).dimensions == Dimensions{405, 96, 256, 2});
  CHECK(presets::small(vocabulary).attention == AttentionOptions(AttentionValue::successor, 1));
  CHECK(presets::original(vocabulary).dimensions == Dimensions{405, 32, 1028, 3});
  CHECK(presets::original(vocabulary).attention == AttentionOptions(AttentionValue::match, 1));
  CHECK(presets::small(vocabulary).initialization == presets::narrow_embedding);
  CHECK(presets::original(vocabulary).initialization == Initialization{});
}

TEST_CASE("model: a preset takes vocabulary and profile from the corpus") {
  Encoded song = encode(compose(1), Vocabulary::standard());
  const Corpus corpus({make_song("one", Split::train, song.tokens, song.programs, Vocabulary::standard())});
  REQUIRE(corpus.profile().usual_length);
  for (const ModelConfig& config : {presets::small(corpus), presets::original(corpus)}) {
    CHECK(config.vocabulary == corpus.vocabulary());
    CHECK(config.profile == corpus.profile());
  }
  CHECK(presets::small(corpus).dimensions == presets::small(corpus.vocabulary()).dimensions);
}
