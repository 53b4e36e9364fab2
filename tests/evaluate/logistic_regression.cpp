#include <catch.hpp>
#include <cmath>
#include <musicgen/core/random.hpp>
#include <musicgen/evaluate/logistic_regression.hpp>
#include <vector>

using namespace musicgen;
using musicgen::detail::LogisticRegression;
using musicgen::detail::Standardizer;

TEST_CASE("logistic regression: one feature, by hand") {
  // log(1 + exp(-w)) + w^2 / 2 is smallest where 1 / (1 + exp(w)) = w.
  const LogisticRegression classifier({{-1}, {1}}, {false, true}, 1);
  const double w = classifier({1});
  CHECK(1 / (1 + std::exp(w)) == Approx(w).epsilon(1e-9));
  CHECK(classifier({0}) == Approx(0).margin(1e-12));
  CHECK(classifier({-2}) == Approx(-2 * w));
}

TEST_CASE("logistic regression: both classes count the same") {
  const std::vector<std::vector<double>> few{{-1}, {1}}, many{{-1}, {-1}, {-1}, {-1}, {1}};
  const LogisticRegression a(few, {false, true}, 0.1), b(many, {false, false, false, false, true}, 0.1);
  for (const double x : {-1.0, 0.0, 2.0}) CHECK(b({x}) == Approx(a({x})).margin(1e-9));
}

TEST_CASE("logistic regression: a direction among many features is found") {
  Random random(3);
  std::vector<std::vector<double>> rows;
  std::vector<bool> second;
  for (int i = 0; i < 300; ++i) {
    rows.emplace_back();
    for (int k = 0; k < 20; ++k) rows.back().push_back(random.normal());
    second.push_back(rows.back()[3] - rows.back()[7] + 0.1 * random.normal() > 0);
  }
  const LogisticRegression classifier(rows, second, 0.01);
  std::vector<double> towards(20), across(20);
  towards[3] = 1, towards[7] = -1, across[3] = across[7] = 1;
  CHECK(classifier(towards) > 3);
  CHECK(std::abs(classifier(across)) < 0.5);
}

TEST_CASE("logistic regression: features have mean 0 and deviation 1, and outliers are cut") {
  const std::vector<std::vector<double>> rows{{1, 5}, {3, 5}};
  const Standardizer standardizer(rows);
  std::vector<double> row{3, 5}, far{100, 6};
  standardizer.apply(row), standardizer.apply(far);
  CHECK(row == std::vector<double>{1, 0});
  CHECK(far == std::vector<double>{3, 0});  // a constant feature becomes 0
}
