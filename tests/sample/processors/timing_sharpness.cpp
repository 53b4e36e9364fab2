#include <musicgen/sample/processors/timing_sharpness.hpp>

#include <algorithm>
#include <catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <musicgen/core/random.hpp>
#include <musicgen/sample/processors/rule.hpp>
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

/// What is added to logits; 0 for those that may not come.
std::vector<double> sharpened(const std::vector<double>& logits, float sharpness) {
  std::vector<double> added = processed(TimingSharpness{sharpness}, logits);
  for (std::size_t v = 0; v < added.size(); ++v) added[v] = added[v] == logits[v] ? 0 : added[v] - logits[v];
  return added;
}

std::vector<double> in_double(const std::vector<float>& logits) {
  return {logits.begin(), logits.end()};
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

TEST_CASE("timing sharpness: is the formula, and leaves all but time steps alone") {
  Random random(1);
  std::vector<double> logits(405);
  for (double& x : logits) x = 2 * random.normal();
  std::vector<double> p;
  for (int k = 1; k <= max_time_steps; ++k) p.push_back(std::exp(logits[token_of(k)]));
  for (const float sharpness : {0.3f, 1.0f, 4.0f}) {
    CAPTURE(sharpness);
    const std::vector<double> added = sharpened(logits, sharpness);
    const std::vector<double> expected = plain(p, static_cast<double>(sharpness));
    for (Token v = 0; v < vocabulary.size(); ++v)
      if (const TokenEvent m = vocabulary[v]; m.kind != TokenKind::time) {
        CHECK(added[static_cast<std::size_t>(v)] == 0);
      } else {
        const auto k = static_cast<std::size_t>(m.value - 1);
        CHECK(added[static_cast<std::size_t>(v)] == Approx(std::log(expected[k] / p[k])).margin(1e-9));
      }
  }
  CHECK(sharpened(logits, 0) == std::vector<double>(405));
}

TEST_CASE("timing sharpness: neighbours compete, steps far apart do not") {
  const std::map<std::string, float> words{{"t20", std::log(3.0f)}, {"t21", 0}, {"t60", 0}};
  const auto share_of = [&](float sharpness, const std::string& word) {
    const std::vector<double> logits = processed(TimingSharpness{sharpness}, in_double(logits_of(words)));
    double all = 0;
    for (const auto& entry : words) all += std::exp(logits[static_cast<std::size_t>(vocabulary.find(entry.first))]);
    return std::exp(logits[static_cast<std::size_t>(vocabulary.find(word))]) / all;
  };
  CHECK(share_of(0, "t20") == Approx(0.6));
  CHECK(share_of(1, "t60") == Approx(0.2).margin(0.01));                        // as it was
  CHECK(share_of(1, "t20") / share_of(1, "t21") == Approx(8.42).margin(0.01));  // 3^2, less what t21 gets of its own
  CHECK(share_of(9, "t20") == Approx(0.8).margin(0.04));                        // all that both had
}

TEST_CASE("timing sharpness: what may not come has no part") {
  std::vector<double> logits = in_double(logits_of({{"t20", 0.0f}}));
  logits[token_of(21)] = Logits::forbidden;
  const std::vector<double> added = sharpened(logits, 1);
  CHECK(added[token_of(20)] == Approx(0).margin(1e-5));
  CHECK(processed(TimingSharpness{1}, logits)[token_of(21)] == Logits::forbidden);
  // Where no time step may come, and where one has to.
  std::vector<double> none = logits;
  for (int k = 1; k <= max_time_steps; ++k) none[token_of(k)] = Logits::forbidden;
  CHECK(processed(TimingSharpness{1}, none) == none);
  logits[token_of(30)] = std::numeric_limits<double>::max();
  const std::vector<double> first = processed(TimingSharpness{1}, logits);
  CHECK(first[token_of(30)] == logits[token_of(30)]);
  for (const double x : first) CHECK_FALSE(std::isnan(x));
}

TEST_CASE("timing sharpness: what is as good as impossible stays so, and a number") {
  const std::vector<double> added =
      sharpened(in_double(logits_of({{"t20", 0.0f}, {"t60", -1000.0f}, {"t61", -1001.0f}})), 10);
  for (const double x : added) CHECK(std::isfinite(x));
  CHECK(std::abs(added[token_of(60)]) < 1);
}

TEST_CASE("timing sharpness: goes by what tokens mean, not by their numbers") {
  std::vector<std::string> words = vocabulary.names();
  std::reverse(words.begin(), words.end());
  const Vocabulary reversed = Vocabulary::from_names(words);
  std::vector<double> logits = in_double(logits_of({{"t20", 1.0f}, {"t21", 0.5f}, {"t23", 0.0f}})), backwards = logits;
  std::reverse(backwards.begin(), backwards.end());
  std::vector<double> found = processed(TimingSharpness{1}, backwards, "^", reversed);
  std::reverse(found.begin(), found.end());
  CHECK(found == processed(TimingSharpness{1}, logits));
}

TEST_CASE("timing sharpness: acts on what the processors before it have made") {
  const std::map<std::string, float> words{{"t20", std::log(3.0f)}, {"t21", 0}};
  Puppet as_it_is(Chain<>(), "^ +40 v79 i0"), steady(TimingSharpness{2}, "^ +40 v79 i0");
  check_probability(as_it_is, words, "t20", 0.75, 0.95);
  const double twice = plain({3, 1}, 2)[0], once = plain({3, 1}, 2)[1];
  check_probability(steady, words, "t20", twice / (twice + once), 0.75);
  // The one that is less likely by itself is the more probable one after this rule.
  const Rule rule([](Logits logits, const SongState&) { logits.add(vocabulary.time(21), std::log(9.0)); });
  Puppet ruled(Chain(rule, TimingSharpness{2}), "^ +40 v79 i0");
  check_probability(ruled, words, "t21", twice / (twice + once), 0.75);
}

TEST_CASE("timing sharpness: settings out of range are errors that name them") {
  check_refused(TimingSharpness{-0.1f}, "timing_sharpness");
  check_refused(TimingSharpness{NAN}, "timing_sharpness");
}
