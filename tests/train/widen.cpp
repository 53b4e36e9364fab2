#include <algorithm>
#include <catch.hpp>
#include <cmath>
#include <musicgen/train/widen.hpp>
#include <vector>

using namespace musicgen;

namespace {

using Double = BasicCpu<double>;

Model<Double> small_model(AttentionOptions attention) {
  ModelConfig config;
  config.dimensions = {7, 3, 4, 2};
  config.attention = attention;
  return Model<Double>(config, 5);
}

const std::vector<Token> inputs{0, 6, 1, 5, 2, 4, 3, 3, 0, 1, 2, 6}, targets{1, 5, 2, 4, 3, 3, 0, 1, 2, 6, 5, 0};
const Sequences batch{2, 6, 6, inputs, targets};

}  // namespace

TEST_CASE("grow: a grown model says what the smaller one says") {
  auto small =
      small_model(GENERATE(AttentionOptions(AttentionValue::match), AttentionOptions(AttentionValue::successor, 1.5f)));
  auto large = widened(small, GENERATE(4, 5, 11), 3);
  const cpu::Matrix<double> expected = small.logits(batch);
  CHECK((cpu::map(large.logits(batch)) - cpu::map(expected)).cwiseAbs().maxCoeff() < 1e-14);
  CHECK(large.config().attention == small.config().attention);
}

TEST_CASE("grow: all of the new units learn, each its own") {
  auto small = small_model(AttentionValue::successor);
  auto large = widened(small, 6, 3);
  large.forward(batch);
  large.backward(batch);
  for (const auto& t : large.gradients().tensors()) {
    if (t.name.starts_with("embed") || t.name.starts_with("hidden2vocab")) continue;
    INFO(t.name);
    const std::size_t width = t.values.size() / static_cast<std::size_t>(t.shape[0]);
    const auto one_before = t.values.last(2 * width).first(width), last = t.values.last(width);
    CHECK(std::any_of(last.begin(), last.end(), [](double g) { return std::abs(g) > 1e-9; }));
    CHECK(!std::equal(last.begin(), last.end(), one_before.begin()));
  }
}

TEST_CASE("grow: one seed gives one model, and none shrinks") {
  const auto small = small_model(AttentionValue::match);
  const auto weights = [&](std::uint64_t seed) {
    auto model = widened(small, 6, seed);
    const auto values = model.weights().tensors()[2].values;
    return std::vector<double>(values.begin(), values.end());
  };
  CHECK(weights(3) == weights(3));
  CHECK(weights(3) != weights(4));
  CHECK_THROWS_WITH(widened(small, 3, 1), "a model of 4 hidden units does not grow to 3");
}
