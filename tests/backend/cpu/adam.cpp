#include <musicgen/backend/cpu/adam.hpp>

#include "numeric.hpp"

using namespace musicgen;

TEST_CASE("adam: three steps follow the equations") {
  const OptimizerOptions options{.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6, .weight_decay = 0.1};
  std::vector<double> w{1, -2, 3}, m(3), v(3);
  double expected = 1, first = 0, second = 0;
  for (int t = 1; t <= 3; ++t) {
    const std::vector<double> g{0.5 * t, -1, 0};
    const double scale = 0.7, rate = 0.01;
    cpu::adam_update<double>(w, g, m, v, t, rate, scale, options);
    const double clipped = g[0] * scale;
    first = 0.8 * first + 0.2 * clipped;
    second = 0.95 * second + 0.05 * clipped * clipped;
    expected *= 1 - rate * 0.1;
    expected -= rate * (first / (1 - std::pow(0.8, t))) / (std::sqrt(second / (1 - std::pow(0.95, t))) + 1e-6);
    CHECK(w[0] == Approx(expected).epsilon(1e-14));
  }
  CHECK(w[2] == Approx(3 * std::pow(1 - 0.001, 3)).epsilon(1e-14));  // no gradient: decay alone
}

TEST_CASE("adam: the sum of squares covers every element") {
  for (const std::size_t n : {0u, 1u, 3u, 4u, 9u, 513u, 10007u}) {
    const std::vector<float> x(n, 2);
    CHECK(cpu::sum_of_squares<float>(x) == 4.0 * static_cast<double>(n));
  }
}

TEST_CASE("adam: an element does not depend on where it stands, and its square root is exact") {
  const OptimizerOptions options{.weight_decay = 0.1};
  const auto g = test::random_matrix<float>(1, 29, 1);
  std::vector<float> w(29, 1), m(29), v(29);
  cpu::adam_update<float>(w, cpu::values(g), m, v, 1, 0.01, 0.7, options);
  for (std::size_t i = 0; i < 29; ++i) {
    float one = 1, mean = 0, square = 0;
    cpu::adam_update<float>({&one, 1}, std::span(&g.data()[i], 1), {&mean, 1}, {&square, 1}, 1, 0.01, 0.7, options);
    CHECK(w[i] == one);
  }
}
