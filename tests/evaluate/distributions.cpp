#include <catch.hpp>
#include <cmath>
#include <musicgen/core/random.hpp>
#include <musicgen/evaluate/distributions.hpp>
#include <vector>

using namespace musicgen;

namespace {

/// Sums of twelve uniform numbers: nearly normal, with this mean and a deviation of 1.
std::vector<double> normal_values(int count, double mean, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> values;
  for (int i = 0; i < count; ++i) {
    double sum = mean - 6;
    for (int k = 0; k < 12; ++k) sum += random.between(0, 1000000) / 1e6;
    values.push_back(sum);
  }
  return values;
}

}  // namespace

TEST_CASE("distributions: mean, deviation and quantiles") {
  const Summary s = summarize(std::vector<double>{1, 2, 3, 6});
  CHECK(s.count == 4);
  CHECK(s.mean == 3);
  CHECK(s.deviation == Approx(std::sqrt(14.0 / 3)));
  CHECK(summarize(std::vector<double>{5}).deviation == 0);
  CHECK(summarize(std::vector<double>{}).count == 0);
  CHECK(quantile({3, 1, 2}, 0.5) == 2);
  CHECK(quantile({4, 1, 2, 3}, 0.5) == 2.5);
  CHECK(quantile({1, 2, 3, 4, 5}, 0.95) == Approx(4.8));
  CHECK(quantile({7}, 0.95) == 7);
  CHECK(quantile({}, 0.5) == 0);
}

TEST_CASE("distributions: Wasserstein distance in closed form") {
  CHECK(wasserstein({1, 2, 3}, {3, 1, 2}) == 0);
  CHECK(wasserstein({1, 2, 3}, {11, 12, 13}) == Approx(10));  // a shift
  CHECK(wasserstein({0}, {-2, 2}) == Approx(2));
  CHECK(wasserstein({0, 4}, {1, 2, 3}) == Approx(4.0 / 3));  // areas 1/2 + 1/6 + 1/6 + 1/2
  CHECK(wasserstein({1, 1, 1}, {1}) == 0);
  CHECK(wasserstein({1, 2, 4, 7}, {2, 3, 5, 6, 9}) == Approx(1.6));  // scipy.stats.wasserstein_distance
  CHECK_THROWS_AS(wasserstein({}, {1}), Error);
}

TEST_CASE("distributions: kernel density estimates are scipy's") {
  // scipy 1.17: gaussian_kde([1, 2, 4, 7]), its bandwidth and its value at 3.
  const std::vector<double> values{1, 2, 4, 7};
  const double bandwidth = scott_bandwidth(values);
  CHECK(bandwidth == Approx(2.0051045465));
  CHECK(density(values, bandwidth, {3, 1, 1})[0] == Approx(0.12489473).epsilon(1e-6));
  CHECK(density(values, bandwidth, {100, 1, 2})[1] == 0);  // far away
}

TEST_CASE("distributions: overlap and divergence are those of scipy's estimates") {
  // scipy 1.17: p = gaussian_kde(a), q = gaussian_kde(b), the sums of min(p, q) and p log(p / q) over 2,000,001 points
  // from -60 to 80. Here the tails beyond four bandwidths are cut off.
  const std::vector<double> a{1, 2, 4, 7}, b{2, 3, 5, 6, 9};
  CHECK(agreement(a, b).overlap == Approx(0.814064585).margin(1e-4));
  CHECK(agreement(a, b).divergence == Approx(0.124898021).margin(1e-4));
  CHECK(agreement(b, a).divergence == Approx(0.130086655).margin(1e-4));
  const Comparison c = compare(a, b);
  CHECK(c.agreement.overlap == Approx(0.870620569).margin(2e-4));
  CHECK(c.agreement.divergence == Approx(0.048948813).margin(2e-4));
  CHECK(c.agreement_within.overlap == Approx(0.880868383).margin(2e-4));
  CHECK(c.agreement_within.divergence == Approx(0.038118405).margin(2e-4));
  CHECK(c.wasserstein == Approx(1.6));
  CHECK(c.real.mean == 3.5);
  CHECK(c.other.count == 5);
}

TEST_CASE("distributions: equal sets overlap wholly, sets far apart not at all") {
  const std::vector<double> values = normal_values(50, 0, 1), far = normal_values(50, 1000, 2);
  CHECK(agreement(values, values).overlap == Approx(1).epsilon(1e-9));
  CHECK(agreement(values, values).divergence == Approx(0).margin(1e-9));
  CHECK(agreement(values, far).overlap < 1e-9);
  CHECK(agreement(values, far).divergence > 100);
  CHECK(std::isfinite(agreement(values, far).divergence));

  CHECK(compare(values, normal_values(50, 0, 3)).agreement.overlap > 0.95);
  CHECK(compare(values, far).agreement.overlap < 1e-9);
}

TEST_CASE("distributions: two normal distributions overlap as theory says") {
  // Means 2 apart, deviations sqrt(1 + h^2) with the kernel: the overlap is 2 Phi(-1 / deviation).
  const auto a = normal_values(20000, 0, 1), b = normal_values(20000, 2, 2);
  const double deviation = std::sqrt(1 + std::pow(20000, -0.4));
  CHECK(agreement(a, b).overlap == Approx(std::erfc(1 / deviation / std::sqrt(2))).margin(0.01));
}

TEST_CASE("distributions: pieces too much alike show in the distances among themselves") {
  const auto real = normal_values(60, 0, 1);
  auto alike = normal_values(60, 0, 2);
  for (double& value : alike) value *= 0.01;
  const Comparison c = compare(real, alike);
  CHECK(c.agreement_within.overlap < 0.2);
  CHECK(c.agreement.overlap > 0.6);
}

TEST_CASE("distributions: values all equal have densities, too") {
  CHECK(agreement({3, 3, 3}, {3, 3}).overlap == Approx(1));
  CHECK(agreement({0}, {0}).divergence == 0);
  CHECK(agreement({3, 3, 3}, {4, 4}).overlap < 1e-9);
  CHECK(compare({5, 5}, {5, 5}).agreement.overlap == Approx(1));
  const Comparison c = compare({5, 5}, {5, 6});
  CHECK(std::isfinite(c.agreement.divergence));
  CHECK(c.agreement.overlap < 0.8);
  CHECK_THROWS_AS(agreement({}, {1}), Error);
  CHECK_THROWS_AS(compare({1}, {1, 2}), Error);
}

TEST_CASE("distributions: curves of several sets share a grid, and have an area of 1") {
  const std::vector<std::vector<double>> sets{{1, 2, 3}, {}, {10, 10, 10}};
  const Densities d = densities(sets);
  REQUIRE(d.curves.size() == 3);
  for (const std::size_t i : {0, 2}) {
    double area = 0;
    for (const double y : d.curves[i]) area += y * d.grid.step;
    CHECK(area == Approx(1).margin(1e-3));
  }
  CHECK(d.grid[0] < 1);
  CHECK(d.grid[d.grid.points - 1] > 10);
  for (const double y : d.curves[1]) CHECK(y == 0);
}
