#include <catch.hpp>
#include <cmath>
#include <limits>
#include <musicgen/sample/choose.hpp>
#include <numeric>
#include <set>
#include <string>
#include <vector>

using namespace musicgen;

namespace {

using Logits = std::vector<double>;

Choice choose(const Logits& logits, const ChooseOptions& options, Random& random, const std::vector<float>& bias = {},
              const std::vector<std::uint8_t>& allowed = {}) {
  Chooser chooser(static_cast<int>(logits.size()));
  return chooser.choose<double>(logits, bias, allowed, options, random);
}

/// Every token that comes in many draws.
std::set<Token> chosen(const Logits& logits, const ChooseOptions& options, const std::vector<float>& bias = {},
                       const std::vector<std::uint8_t>& allowed = {}, int draws = 4000) {
  Random random(5);
  std::set<Token> all;
  for (int i = 0; i < draws; ++i) all.insert(choose(logits, options, random, bias, allowed).token);
  return all;
}

/// Logits with these probabilities.
Logits logs(const Logits& probabilities) {
  Logits logits;
  for (const double p : probabilities) logits.push_back(std::log(p) + 3);  // no softmax notices the 3
  return logits;
}

Logits softmax(const Logits& logits, double temperature) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  Logits p;
  for (const double x : logits) p.push_back(std::exp((x - largest) / temperature));
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& x : p) x /= sum;
  return p;
}

using Set = std::set<Token>;
constexpr float inf = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("choose: temperature 0 takes the most probable token") {
  Random random(1);
  CHECK(choose({0, 3, 2, 3, 1}, {.temperature = 0}, random).token == 1);  // of equals the first
  CHECK(choose({0, 3, 2, 3.5, 1}, {.temperature = 0}, random).token == 3);
  CHECK(choose({0, 3, 2, 3.5, 1}, {.temperature = 0}, random, {0, 1, 0, 0, 0}).token == 1);
  CHECK(choose({0, 3, 2, 3.5, 1}, {.temperature = 0}, random, {}, {1, 0, 1, 0, 1}).token == 2);
  CHECK(random == Random(1));  // and draws nothing
}

TEST_CASE("choose: top-k keeps the k most probable") {
  const Logits logits{1, 5, 3, 4, 2};
  CHECK(chosen(logits, {.top_k = 1}) == Set{1});
  CHECK(chosen(logits, {.top_k = 3}) == Set{1, 2, 3});
  CHECK(chosen(logits, {.top_k = 5}) == Set{0, 1, 2, 3, 4});
  CHECK(chosen(logits, {.top_k = 6}) == Set{0, 1, 2, 3, 4});
  CHECK(chosen(logits, {.top_k = 0}) == Set{0, 1, 2, 3, 4});
}

TEST_CASE("choose: of equally probable tokens top-k and top-p keep the first in the vocabulary") {
  const Logits logits{0, 1, 1, 1, 1, 0};
  CHECK(chosen(logits, {.top_k = 2}) == Set{1, 2});
  CHECK(chosen(logs({0.25, 0.25, 0.25, 0.25}), {.top_p = 0.5f}) == Set{0, 1});
}

TEST_CASE("choose: top-p keeps the fewest tokens that reach it") {
  const Logits logits = logs({0.05, 0.5, 0.125, 0.25, 0.075});
  CHECK(chosen(logits, {.top_p = 1e-6f}) == Set{1});
  CHECK(chosen(logits, {.top_p = 0.49f}) == Set{1});
  CHECK(chosen(logits, {.top_p = 0.51f}) == Set{1, 3});
  CHECK(chosen(logits, {.top_p = 0.74f}) == Set{1, 3});
  CHECK(chosen(logits, {.top_p = 0.76f}) == Set{1, 2, 3});
  CHECK(chosen(logits, {.top_p = 0.94f}) == Set{1, 2, 3, 4});
  CHECK(chosen(logits, {.top_p = 0.96f}) == Set{0, 1, 2, 3, 4});
  CHECK(chosen(logits, {.top_p = 1}) == Set{0, 1, 2, 3, 4});
}

TEST_CASE("choose: top-p keeps what sorting would") {
  Random random(4);
  for (const double contrast : {0.0, 1.0, 4.0})
    for (const float top_p : {0.1f, 0.5f, 0.9f, 0.99f}) {
      Logits logits(60);
      for (double& x : logits) x = contrast * random.normal();
      const Logits p = softmax(logits, 1);
      std::vector<std::size_t> order(p.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] > p[b]; });
      Set expected;
      double sum = 0;
      for (std::size_t i = 0; sum < static_cast<double>(top_p) - 1e-9; ++i) {
        expected.insert(static_cast<Token>(order[i]));
        sum += p[order[i]];
      }
      CHECK(chosen(logits, {.top_p = top_p}, {}, {}, 60000) == expected);
    }
}

TEST_CASE("choose: min-p keeps what has that part of the most probable") {
  const Logits logits = logs({0.05, 0.5, 0.125, 0.25, 0.075});
  CHECK(chosen(logits, {.min_p = 1}) == Set{1});
  CHECK(chosen(logits, {.min_p = 0.51f}) == Set{1});
  CHECK(chosen(logits, {.min_p = 0.49f}) == Set{1, 3});
  CHECK(chosen(logits, {.min_p = 0.2f}) == Set{1, 2, 3});
  CHECK(chosen(logits, {.min_p = 0.09f}) == Set{0, 1, 2, 3, 4});
  CHECK(chosen({2, 1, 2, 2}, {.min_p = 1}) == Set{0, 2, 3});
}

TEST_CASE("choose: each rule works on what the one before left") {
  const Logits logits = logs({0.4, 0.3, 0.2, 0.1});
  CHECK(chosen(logits, {.top_k = 2, .top_p = 0.5f}) == Set{0});  // of the two 0.4 is 4/7
  CHECK(chosen(logits, {.top_k = 2, .top_p = 0.6f}) == Set{0, 1});
  CHECK(chosen(logits, {.top_k = 3, .min_p = 0.6f}) == Set{0, 1});
  CHECK(chosen(logits, {.top_p = 0.85f, .min_p = 0.3f}) == Set{0, 1, 2});
  // Temperature comes first: at 2 the probabilities are as 1 : 0.87 : 0.71 : 0.5, and the first two have 61 %.
  CHECK(chosen(logits, {.temperature = 2, .top_p = 0.6f}) == Set{0, 1});
  CHECK(chosen(logits, {.temperature = 2, .top_p = 0.65f}) == Set{0, 1, 2});
  // So do the tokens that may not come.
  CHECK(chosen(logits, {.top_k = 2}, {}, {0, 1, 0, 1}) == Set{1, 3});
  CHECK(chosen(logits, {.top_p = 0.49f}, {-inf, 0, 0, 0}) == Set{1});
}

TEST_CASE("choose: temperature, top-p and min-p of pitches shape which comes, not how probable one is") {
  constexpr int draws = 40000;
  // Pitches are 1, 3, 4: together 0.6.
  const Logits logits = logs({0.3, 0.36, 0.1, 0.18, 0.06});
  const auto frequencies = [&](const ChooseOptions& options, const std::vector<std::uint8_t>& allowed) {
    Chooser chooser(5, {1, 3, 4});
    Random random(8);
    Logits part(5);
    for (int i = 0; i < draws; ++i)
      ++part[static_cast<std::size_t>(chooser.choose<double>(logits, {}, allowed, options, random).token)];
    for (double& p : part) p /= draws;
    return part;
  };
  const auto check = [&](const ChooseOptions& options, const Logits& expected,
                         const std::vector<std::uint8_t>& allowed = {}) {
    const Logits found = frequencies(options, allowed);
    for (std::size_t v = 0; v < expected.size(); ++v) {
      CAPTURE(v, options.pitch_temperature, options.pitch_top_p, options.pitch_min_p);
      CHECK(std::abs(found[v] - expected[v]) <= 4.5 * std::sqrt(expected[v] * (1 - expected[v]) / draws));
    }
  };
  const double squares = 0.36 * 0.36 + 0.18 * 0.18 + 0.06 * 0.06;
  check({.pitch_temperature = 0.5f},
        {0.3, 0.6 * 0.36 * 0.36 / squares, 0.1, 0.6 * 0.18 * 0.18 / squares, 0.6 * 0.06 * 0.06 / squares});
  check({.pitch_top_p = 0.85f}, {0.3, 0.4, 0.1, 0.2, 0});  // 0.36 + 0.18 are 0.9 of 0.6
  check({.pitch_top_p = 0.5f}, {0.3, 0.6, 0.1, 0, 0});     // 0.36 alone is 0.6 of it
  check({.pitch_temperature = 1e-30f}, {0.3, 0.6, 0.1, 0, 0});
  check({.pitch_top_p = 0.6f}, {0.3 / 0.64, 0, 0.1 / 0.64, 0.24 / 0.64, 0}, {1, 0, 1, 1, 1});  // after the mask
  check({.pitch_top_p = 0.5f}, {0.75, 0, 0.25, 0, 0}, {1, 0, 1, 0, 0});                        // no pitch at all
  check({.pitch_min_p = 0.4f}, {0.3, 0.4, 0.1, 0.2, 0});  // 0.06 is a sixth of 0.36
  check({.pitch_min_p = 1}, {0.3, 0.6, 0.1, 0, 0});
  check({.pitch_temperature = 0.5f, .pitch_min_p = 0.26f}, {0.3, 0.6, 0.1, 0, 0});  // 0.18 has become a quarter
  check({.pitch_top_p = 0.95f, .pitch_min_p = 0.4f}, {0.3, 0.4, 0.1, 0.2, 0});
  check({.pitch_min_p = 0.4f}, {0.3 / 0.64, 0, 0.1 / 0.64, 0.24 / 0.64, 0}, {1, 0, 1, 1, 1});  // 0.06: a third of 0.18
  // Then come the rules for all: 0.6, 0.3, 0.1.
  check({.top_p = 0.85f, .pitch_top_p = 0.5f}, {1.0 / 3, 2.0 / 3, 0, 0, 0});
  check({.temperature = 0, .pitch_top_p = 0.5f}, {0, 1, 0, 0, 0});
  // Where a pitch is not the most probable token, its being put before all others still is.
  Random random(1);
  Chooser chooser(5, {1, 3, 4});
  CHECK(chooser.choose<double>(logits, std::vector<float>{0, 0, 0, 0, inf}, {}, {.pitch_top_p = 0.5f}, random).token ==
        4);
}

TEST_CASE("choose: frequencies are those of the softmax at any temperature") {
  const Logits logits{0.3, -1.2, 2.1, 0, 1.4, -3, 0.9};
  Chooser chooser(static_cast<int>(logits.size()));
  for (const float temperature : {0.5f, 1.0f, 1.7f}) {
    constexpr int draws = 20000;
    std::vector<int> counts(logits.size());
    Random random(11, static_cast<std::uint64_t>(temperature * 10));
    for (int i = 0; i < draws; ++i)
      ++counts[static_cast<std::size_t>(
          chooser.choose<double>(logits, {}, {}, {.temperature = temperature}, random).token)];
    const Logits expected = softmax(logits, static_cast<double>(temperature));
    for (std::size_t v = 0; v < logits.size(); ++v) {
      const double mean = draws * expected[v], deviation = std::sqrt(mean * (1 - expected[v]));
      INFO("temperature " << temperature << ", token " << v << ": " << counts[v] << " of " << mean);
      CHECK(std::abs(counts[v] - mean) < 4.5 * deviation);
    }
  }
}

TEST_CASE("choose: a bias of log 2 makes a token twice as likely") {
  const Logits logits{0, 1, 2};
  const std::vector<float> bias{0, std::log(2.0f), 0};
  Chooser chooser(3);
  Random random(3);
  constexpr int draws = 20000;
  std::vector<int> counts(3);
  for (int i = 0; i < draws; ++i)
    ++counts[static_cast<std::size_t>(chooser.choose<double>(logits, bias, {}, {}, random).token)];
  const Logits expected = softmax({0, 1 + std::log(2.0), 2}, 1);
  for (std::size_t v = 0; v < 3; ++v)
    CHECK(std::abs(counts[v] - draws * expected[v]) < 4.5 * std::sqrt(draws * expected[v]));
}

TEST_CASE("choose: a temperature near 0 is greedy, a huge one takes anything that may come") {
  const Logits logits{1, 4, 3.99, -1000};
  CHECK(chosen(logits, {.temperature = 1e-30f}) == Set{1});
  CHECK(chosen(logits, {.temperature = 1e30f}, {}, {1, 1, 0, 1}) == Set{0, 1, 3});
  CHECK(chosen(logits, {.temperature = 1e30f, .top_k = 3}, {0, -inf, 0, 0}) == Set{0, 2, 3});
}

TEST_CASE("choose: the log-probability is the model's own, whatever was masked or sharpened") {
  const std::vector<float> logits{0.25f, -1, 2, 30, 4};
  Chooser chooser(5);
  Random random(1);
  double sum = 0;
  for (const float x : logits) sum += std::exp(static_cast<double>(x));
  for (const ChooseOptions& options :
       {ChooseOptions{}, ChooseOptions{.temperature = 0}, ChooseOptions{.temperature = 3, .top_k = 2, .min_p = 0.1f}})
    for (int i = 0; i < 20; ++i) {
      const std::vector<float> bias{0, 2, 0, -5, 1};
      const std::vector<std::uint8_t> allowed{1, 1, 1, 0, 1};
      const Choice choice = chooser.choose<float>(logits, bias, allowed, options, random);
      REQUIRE(choice.token != 3);
      CHECK(choice.log_probability ==
            Approx(static_cast<double>(logits[static_cast<std::size_t>(choice.token)]) - std::log(sum)).epsilon(1e-12));
    }
}

TEST_CASE("choose: large logits do not overflow") {
  Random random(1);
  const Choice choice = choose({5000, 4999, -5000}, {}, random);
  CHECK(choice.token < 2);
  CHECK(choice.log_probability == Approx((choice.token == 0 ? 0 : -1) - std::log(1 + std::exp(-1.0))).epsilon(1e-12));
}

TEST_CASE("choose: a bias against all that may come does not count") {
  const Logits logits{1, 2, 3, 4};
  CHECK(chosen(logits, {}, {-inf, -inf, -inf, -inf}) == Set{0, 1, 2, 3});
  CHECK(chosen(logits, {}, {-inf, -inf, 0, 0}, {1, 1, 0, 0}) == Set{0, 1});
  CHECK(chosen(logits, {.temperature = 0}, {-inf, -inf, 0, 0}, {1, 1, 0, 0}) == Set{1});
  CHECK(chosen(logits, {}, {-inf, -inf, 0, 0}, {1, 1, 0, 1}) == Set{3});
}

TEST_CASE("choose: an infinite bias puts a token before all others") {
  const Logits logits{1, 2, 30, 4};
  CHECK(chosen(logits, {}, {inf, 0, 0, 0}) == Set{0});
  CHECK(chosen(logits, {.temperature = 0.1f, .top_k = 3, .top_p = 0.9f}, {inf, 0, 0, 0}) == Set{0});
  CHECK(chosen(logits, {.min_p = 0.5f}, {inf, inf, 0, 0}) == Set{0, 1});
  CHECK(chosen(logits, {}, {inf, 0, 0, 0}, {0, 1, 0, 1}) == Set{1, 3});
  CHECK(chosen(logits, {.temperature = 1e30f, .top_k = 3}, {0, 0, std::nanf(""), 0}) ==
        Set{0, 1, 3});  // no number, no token
}

TEST_CASE("choose: logits that are not finite are an error") {
  Random random(1);
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL})
    CHECK_THROWS_WITH(choose({0, bad, 1}, {.top_k = 2}, random), Catch::Contains("not finite"));
}

TEST_CASE("choose: equal random numbers give equal choices") {
  const Logits logits{0.1, 0.2, 0.3, 0.4};
  Random a(9, 2), b(9, 2), other(10, 2);
  int different = 0;
  for (int i = 0; i < 100; ++i) {
    const Token token = choose(logits, {}, a).token;
    CHECK(choose(logits, {}, b).token == token);
    different += choose(logits, {}, other).token != token;
  }
  CHECK(different > 0);
}
