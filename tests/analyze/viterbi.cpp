#include <array>
#include <catch.hpp>
#include <limits>
#include <musicgen/analyze/viterbi.hpp>
#include <musicgen/core/random.hpp>
#include <vector>

using namespace musicgen;

TEST_CASE("viterbi: no other sequence is better") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed, 0);
    std::vector<std::array<double, 3>> scores(7);
    for (auto& score : scores)
      for (double& x : score) x = 4 * random.uniform();
    const auto price = [](std::size_t t) { return t % 2 == 0 ? 1.0 : 2.5; };
    const auto value = [&](const auto& states) {
      double sum = scores[0][states[0]];
      for (std::size_t t = 1; t < scores.size(); ++t)
        sum += scores[t][states[t]] - (states[t] == states[t - 1] ? 0 : price(t));
      return sum;
    };
    double best = -std::numeric_limits<double>::infinity();
    std::array<std::size_t, 7> states{};
    for (int number = 0; number < 2187; ++number) {
      for (int t = 0, rest = number; t < 7; ++t, rest /= 3)
        states[static_cast<std::size_t>(t)] = static_cast<std::size_t>(rest % 3);
      best = std::max(best, value(states));
    }
    CHECK(value(detail::likeliest_states(scores, price)) == Approx(best));
  }
  CHECK(detail::likeliest_states(std::vector<std::array<double, 3>>{}, [](std::size_t) { return 1.0; }).empty());
}
