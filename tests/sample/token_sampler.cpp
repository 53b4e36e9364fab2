#include <catch.hpp>
#include <cmath>
#include <limits>
#include <musicgen/sample/processors/pitch_sampling.hpp>
#include <musicgen/sample/token_sampler.hpp>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "sample/chooser.hpp"

using namespace musicgen;

namespace {

using Numbers = std::vector<double>;
constexpr double never = -std::numeric_limits<double>::infinity();

Token choose(Numbers logits, const ChoiceOptions& options, Random& random) {
  TokenSampler sampler(static_cast<int>(logits.size()));
  return sampler.choose(logits, options, random);
}

/// All tokens that come in many draws.
std::set<Token> chosen(const Numbers& logits, const ChoiceOptions& options, int draws = 4000) {
  Random random(5);
  std::set<Token> all;
  for (int i = 0; i < draws; ++i) all.insert(choose(logits, options, random));
  return all;
}

/// Logits with these probabilities.
Numbers logs(const Numbers& probabilities) {
  Numbers logits;
  for (const double p : probabilities) logits.push_back(std::log(p) + 3);  // softmax ignores the 3
  return logits;
}

Numbers softmax(const Numbers& logits, double temperature) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  Numbers p;
  for (const double x : logits) p.push_back(std::exp((x - largest) / temperature));
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& x : p) x /= sum;
  return p;
}

using Set = std::set<Token>;

}  // namespace

TEST_CASE("token sampler: temperature 0 takes the most probable token") {
  Random random(1);
  CHECK(choose({0, 3, 2, 3, 1}, {.temperature = 0}, random) == 1);  // the first of equals
  CHECK(choose({0, 3, 2, 3.5, 1}, {.temperature = 0}, random) == 3);
  CHECK(choose({0, never, 2, never, 1}, {.temperature = 0}, random) == 2);
  CHECK(random == Random(1));  // and draws nothing
}

TEST_CASE("token sampler: top-k keeps the k most probable") {
  const Numbers logits{1, 5, 3, 4, 2};
  CHECK(chosen(logits, {.top_k = 1}) == Set{1});
  CHECK(chosen(logits, {.top_k = 3}) == Set{1, 2, 3});
  CHECK(chosen(logits, {.top_k = 5}) == Set{0, 1, 2, 3, 4});
  CHECK(chosen(logits, {.top_k = 6}) == Set{0, 1, 2, 3, 4});
  CHECK(chosen(logits, {.top_k = 0}) == Set{0, 1, 2, 3, 4});
}

TEST_CASE("token sampler: of equally probable tokens top-k and top-p keep the first in the vocabulary") {
  const Numbers logits{0, 1, 1, 1, 1, 0};
  CHECK(chosen(logits, {.top_k = 2}) == Set{1, 2});
  CHECK(chosen(logs({0.25, 0.25, 0.25, 0.25}), {.top_p = 0.5f}) == Set{0, 1});
}

TEST_CASE("token sampler: top-p keeps the fewest tokens that reach it") {
  const Numbers logits = logs({0.05, 0.5, 0.125, 0.25, 0.075});
  CHECK(chosen(logits, {.top_p = 1e-6f}) == Set{1});
  CHECK(chosen(logits, {.top_p = 0.49f}) == Set{1});
  CHECK(chosen(logits, {.top_p = 0.51f}) == Set{1, 3});
  CHECK(chosen(logits, {.top_p = 0.74f}) == Set{1, 3});
  CHECK(chosen(logits, {.top_p = 0.76f}) == Set{1, 2, 3});
  CHECK(chosen(logits, {.top_p = 0.94f}) == Set{1, 2, 3, 4});
  CHECK(chosen(logits, {.top_p = 0.96f}) == Set{0, 1, 2, 3, 4});
  CHECK(chosen(logits, {.top_p = 1}) == Set{0, 1, 2, 3, 4});
}

TEST_CASE("token sampler: top-p keeps what sorting would") {
  Random random(4);
  for (const double contrast : {0.0, 1.0, 4.0})
    for (const float top_p : {0.1f, 0.5f, 0.9f, 0.99f}) {
      Numbers logits(60);
      for (double& x : logits) x = contrast * random.normal();
      const Numbers p = softmax(logits, 1);
      std::vector<std::size_t> order(p.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
      Set expected;
      double sum = 0;
      for (std::size_t i = 0; sum < static_cast<double>(top_p) - 1e-9; ++i) {
        expected.insert(static_cast<Token>(order[i]));
        sum += p[order[i]];
      }
      CHECK(chosen(logits, {.top_p = top_p}, 60000) == expected);
    }
}

TEST_CASE("token sampler: min-p keeps what has that part of the most probable") {
  const Numbers logits = logs({0.05, 0.5, 0.125, 0.25, 0.075});
  CHECK(chosen(logits, {.min_p = 1}) == Set{1});
  CHECK(chosen(logits, {.min_p = 0.51f}) == Set{1});
  CHECK(chosen(logits, {.min_p = 0.49f}) == Set{1, 3});
  CHECK(chosen(logits, {.min_p = 0.2f}) == Set{1, 2, 3});
  CHECK(chosen(logits, {.min_p = 0.09f}) == Set{0, 1, 2, 3, 4});
  CHECK(chosen({2, 1, 2, 2}, {.min_p = 1}) == Set{0, 2, 3});
}

TEST_CASE("token sampler: each rule works on what the one before left") {
  const Numbers logits = logs({0.4, 0.3, 0.2, 0.1});
  CHECK(chosen(logits, {.top_k = 2, .top_p = 0.5f}) == Set{0});  // of the two 0.4 is 4/7
  CHECK(chosen(logits, {.top_k = 2, .top_p = 0.6f}) == Set{0, 1});
  CHECK(chosen(logits, {.top_k = 3, .min_p = 0.6f}) == Set{0, 1});
  CHECK(chosen(logits, {.top_p = 0.85f, .min_p = 0.3f}) == Set{0, 1, 2});
  // Temperature comes first: at 2 the probabilities are as 1 : 0.87 : 0.71 : 0.5, and the first two have 61 %.
  CHECK(chosen(logits, {.temperature = 2, .top_p = 0.6f}) == Set{0, 1});
  CHECK(chosen(logits, {.temperature = 2, .top_p = 0.65f}) == Set{0, 1, 2});
  // So do the tokens that may not come.
  CHECK(chosen({never, logits[1], never, logits[3]}, {.top_k = 2}) == Set{1, 3});
  CHECK(chosen({never, logits[1], logits[2], logits[3]}, {.top_p = 0.49f}) == Set{1});
}

TEST_CASE("token sampler: frequencies are those of the softmax at any temperature") {
  const Numbers logits{0.3, -1.2, 2.1, 0, 1.4, -3, 0.9};
  for (const float temperature : {0.5f, 1.0f, 1.7f}) {
    constexpr int draws = 20000;
    std::vector<int> counts(logits.size());
    Random random(11, static_cast<std::uint64_t>(temperature * 10));
    for (int i = 0; i < draws; ++i)
      ++counts[static_cast<std::size_t>(choose(logits, {.temperature = temperature}, random))];
    const Numbers expected = softmax(logits, static_cast<double>(temperature));
    for (std::size_t v = 0; v < logits.size(); ++v) {
      const double mean = draws * expected[v], deviation = std::sqrt(mean * (1 - expected[v]));
      INFO("temperature " << temperature << ", token " << v << ": " << counts[v] << " of " << mean);
      CHECK(std::abs(counts[v] - mean) < 4.5 * deviation);
    }
  }
}

TEST_CASE("token sampler: a temperature near 0 is greedy, a huge one takes anything that may come") {
  const Numbers logits{1, 4, 3.99, -1000};
  CHECK(chosen(logits, {.temperature = 1e-30f}) == Set{1});
  CHECK(chosen({1, 4, never, -1000}, {.temperature = 1e30f}) == Set{0, 1, 3});
  CHECK(chosen({1, never, 3.99, -1000}, {.temperature = 1e30f, .top_k = 3}) == Set{0, 2, 3});
}

TEST_CASE("token sampler: equal random numbers give equal choices") {
  const Numbers logits{0.1, 0.2, 0.3, 0.4};
  Random a(9, 2), b(9, 2), other(10, 2);
  int different = 0;
  for (int i = 0; i < 100; ++i) {
    const Token token = choose(logits, {}, a);
    CHECK(choose(logits, {}, b) == token);
    different += choose(logits, {}, other) != token;
  }
  CHECK(different > 0);
}

TEST_CASE("token sampler: the largest numbers put tokens before all others, and do not overflow") {
  constexpr double most = std::numeric_limits<double>::max();
  CHECK(chosen({most, 2, 30, 4}, {}) == Set{0});
  CHECK(chosen({most, 2, 30, 4}, {.temperature = 0.1f, .top_k = 3, .top_p = 0.9f}) == Set{0});
  CHECK(chosen({most, most, 30, 4}, {.min_p = 0.5f}) == Set{0, 1});
}

TEST_CASE("token sampler: the logarithm of a sum does not overflow, and knows no infinity") {
  CHECK(log_sum_exp(Numbers{0, std::log(2.0), std::log(3.0)}) == Approx(std::log(6.0)).epsilon(1e-12));
  CHECK(log_sum_exp(Numbers{5000, 4999, -5000}) == Approx(5000 + std::log(1 + std::exp(-1.0))).epsilon(1e-12));
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL})
    CHECK_THROWS_WITH(log_sum_exp(Numbers{0, bad, 1}), Catch::Contains("not finite"));
}

TEST_CASE("token sampler: with pitch sampling it chooses as a reference does that sorts") {
  const Vocabulary vocabulary = Vocabulary::standard();
  std::vector<std::uint32_t> pitches;
  for (const Token on : vocabulary.tokens(TokenKind::note_on)) pitches.push_back(static_cast<std::uint32_t>(on));
  test::Chooser reference(vocabulary.size(), pitches);
  TokenSampler sampler(vocabulary.size());
  Random random(3), a(4), b(4);
  for (int i = 0; i < 3000; ++i) {
    const test::ChoiceOptions o{.temperature = 0.5f + 0.25f * static_cast<float>(i % 5),
                                .top_k = i % 3 == 0 ? 40 : 0,
                                .top_p = i % 4 == 0 ? 0.9f : 1,
                                .min_p = i % 7 == 0 ? 0.02f : 0,
                                .pitch_temperature = i % 2 == 0 ? 1 : 0.8f,
                                .pitch_top_p = i % 5 == 0 ? 0.8f : 1,
                                .pitch_min_p = i % 3 == 1 ? 0.1f : 0};
    Numbers logits(405);
    std::vector<std::uint8_t> allowed(405);
    for (std::size_t v = 0; v < 405; ++v) {
      logits[v] = 3 * random.normal();
      allowed[v] = random.below(3) > 0;
    }
    const Token expected = reference.choose(logits, allowed, o, a);
    for (std::size_t v = 0; v < 405; ++v)
      if (!allowed[v]) logits[v] = never;
    PitchSampling{o.pitch_temperature, o.pitch_top_p, o.pitch_min_p}.apply(Logits(logits, vocabulary), SongState());
    CHECK(sampler.choose(logits, {o.temperature, o.top_k, o.top_p, o.min_p}, b) == expected);
  }
}
