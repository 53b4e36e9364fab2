#include <algorithm>
#include <catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <musicgen/core/random.hpp>
#include <musicgen/sample/keep_time.hpp>
#include <string>
#include <vector>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

const Vocabulary& vocabulary = Puppet::vocabulary;

std::size_t token_of(int steps) {
  return static_cast<std::size_t>(vocabulary.time(steps));
}

/// What `keep_time` makes of a bias, zeros if none is given.
std::vector<float> sharpened(const std::vector<float>& logits, float strength, std::vector<std::uint8_t> allowed = {},
                             std::vector<float> bias = std::vector<float>(405)) {
  if (allowed.empty()) allowed.assign(405, 1);
  keep_time<float>(times_of(vocabulary), logits, allowed, strength, bias);
  return bias;
}

/// The formula, written down plainly: p_k^b (K * p)_k / (K * p^b)_k of 1, 2, ... steps.
std::vector<double> plain(const std::vector<double>& p, double strength) {
  const int n = static_cast<int>(p.size());
  std::vector<double> all;
  for (int k = 0; k < n; ++k) {
    double of_p = 0, of_sharp = 0;
    for (int j = std::max(0, k - 3); j <= std::min(n - 1, k + 3); ++j) {
      const double near = std::exp(-(k - j) * (k - j) / (2 * 1.5 * 1.5)), q = p[static_cast<std::size_t>(j)];
      of_p += near * q;
      of_sharp += near * std::pow(q, 1 + strength);
    }
    all.push_back(std::pow(p[static_cast<std::size_t>(k)], 1 + strength) * of_p / of_sharp);
  }
  return all;
}

}  // namespace

TEST_CASE("keep time: is the formula, and leaves all but time steps alone") {
  Random random(1);
  std::vector<float> logits(405);
  for (float& x : logits) x = static_cast<float>(2 * random.normal());
  std::vector<double> p;
  for (int k = 1; k <= max_time_steps; ++k) p.push_back(std::exp(static_cast<double>(logits[token_of(k)])));
  for (const float strength : {0.3f, 1.0f, 4.0f}) {
    CAPTURE(strength);
    const std::vector<float> bias = sharpened(logits, strength);
    const std::vector<double> expected = plain(p, static_cast<double>(strength));
    for (Token v = 0; v < vocabulary.size(); ++v) {
      const float added = bias[static_cast<std::size_t>(v)];
      if (const TokenEvent m = vocabulary[v]; m.kind != TokenKind::time) {
        CHECK(added == 0);
      } else {
        const auto k = static_cast<std::size_t>(m.value - 1);
        CHECK(static_cast<double>(added) == Approx(std::log(expected[k] / p[k])).margin(1e-5));
      }
    }
  }
  CHECK(sharpened(logits, 0) == std::vector<float>(405));
}

TEST_CASE("keep time: neighbours compete, steps far apart do not") {
  const std::map<std::string, float> words{{"t20", std::log(3.0f)}, {"t21", 0}, {"t60", 0}};
  const auto share_of = [&](float strength, const std::string& word) {
    const std::vector<float> logits = logits_of(words), bias = sharpened(logits, strength);
    double all = 0;
    for (const auto& entry : words) {
      const auto v = static_cast<std::size_t>(vocabulary.find(entry.first));
      all += std::exp(static_cast<double>(logits[v] + bias[v]));
    }
    const auto v = static_cast<std::size_t>(vocabulary.find(word));
    return std::exp(static_cast<double>(logits[v] + bias[v])) / all;
  };
  CHECK(share_of(0, "t20") == Approx(0.6));
  CHECK(share_of(1, "t60") == Approx(0.2).margin(0.01));                        // as it was
  CHECK(share_of(1, "t20") / share_of(1, "t21") == Approx(8.42).margin(0.01));  // 3^2, less what t21 gets of its own
  CHECK(share_of(9, "t20") == Approx(0.8).margin(0.04));                        // all that both had
}

TEST_CASE("keep time: what may not come has no part") {
  std::vector<float> logits = logits_of({{"t20", 0.0f}, {"t21", 5.0f}});
  std::vector<std::uint8_t> allowed(405, 1);
  allowed[token_of(21)] = 0;
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> never(405);
  never[token_of(21)] = -infinity;
  const std::vector<float> masked = sharpened(logits, 1, allowed), ruled_out = sharpened(logits, 1, {}, never);
  CHECK(masked[token_of(20)] == Approx(0).margin(1e-5));
  CHECK(masked[token_of(21)] == 0);
  CHECK(ruled_out[token_of(20)] == Approx(0).margin(1e-5));
  CHECK(ruled_out[token_of(21)] == -infinity);
  // Where no time step may come, and where one has to.
  CHECK(sharpened(logits, 1, std::vector<std::uint8_t>(405)) == std::vector<float>(405));
  std::vector<float> always(405);
  always[token_of(21)] = infinity;
  CHECK(sharpened(logits, 1, {}, always) == always);
  // A caller's bias that is no number rules out its own token, and no other.
  std::vector<float> odd(405);
  odd[token_of(21)] = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> beside = sharpened(logits, 1, {}, odd);
  CHECK(beside[token_of(20)] == Approx(0).margin(1e-5));
  CHECK(std::isnan(beside[token_of(21)]));
}

TEST_CASE("keep time: what is as good as impossible stays so, and a number") {
  const std::vector<float> bias = sharpened(logits_of({{"t20", 0.0f}, {"t60", -1000.0f}, {"t61", -1001.0f}}), 10);
  for (const float added : bias) CHECK(std::isfinite(added));
  CHECK(std::abs(bias[token_of(60)]) < 1);
}

TEST_CASE("keep time: goes by what tokens mean, not by their numbers") {
  std::vector<std::string> words = vocabulary.names();
  std::reverse(words.begin(), words.end());
  const Vocabulary reversed = Vocabulary::from_names(words);
  std::vector<float> logits = logits_of({{"t20", 1.0f}, {"t21", 0.5f}, {"t23", 0.0f}}), backwards = logits;
  std::reverse(backwards.begin(), backwards.end());
  const std::vector<std::uint8_t> allowed(405, 1);
  std::vector<float> bias(405);
  keep_time<float>(times_of(reversed), backwards, allowed, 1, bias);
  std::reverse(bias.begin(), bias.end());
  CHECK(bias == sharpened(logits, 1));
}

TEST_CASE("keep time: a voice does, after what else it has been asked for") {
  const std::map<std::string, float> words{{"t20", std::log(3.0f)}, {"t21", 0}};
  Puppet as_it_is({}, "^ +40 v79 i0"), steady({.keep_time = 2}, "^ +40 v79 i0");
  check_probability(as_it_is, words, "t20", 0.75, 0.95);
  const double twice = plain({3, 1}, 2)[0], once = plain({3, 1}, 2)[1];
  check_probability(steady, words, "t20", twice / (twice + once), 0.75);
  // The one that is less likely by itself is the more probable with this bias.
  Bias bias(405);
  bias[token_of(21)] = std::log(9.0f);
  Puppet steered({.keep_time = 2, .bias = bias}, "^ +40 v79 i0");
  check_probability(steered, words, "t21", twice / (twice + once), 0.75);
  const auto steer = [](std::span<float> added, const Grammar&) { added[token_of(21)] += std::log(9.0f); };
  Puppet later({.keep_time = 2, .steer = steer}, "^ +40 v79 i0");
  check_probability(later, words, "t21", twice / (twice + once), 0.75);
}
