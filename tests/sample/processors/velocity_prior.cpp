#include <musicgen/sample/processors/velocity_prior.hpp>

#include <catch.hpp>
#include <cmath>
#include <string>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("velocity prior: velocities are the less likely the further they are from the usual one") {
  const std::vector<double> zeros(405);
  const auto logits = processed(VelocityPrior{79, 0.5f}, zeros);
  const auto of = [&](const std::string& word) {
    return logits[static_cast<std::size_t>(Puppet::vocabulary.find(word))];
  };
  CHECK(of("v79") == 0);
  CHECK(of("v119") == Approx(-2));
  CHECK(of("v39") == Approx(-2));
  CHECK(of("+60") == 0);
  CHECK(of("t15") == 0);
  CHECK(processed(VelocityPrior{{}, 0.5f}, zeros) == zeros);
  CHECK(processed(VelocityPrior{79, 0}, zeros) == zeros);
}

TEST_CASE("velocity prior: acts on choices") {
  Puppet puppet(VelocityPrior{79, 0.3f}, "^ +60");
  check_probability(puppet, {{"v79", 0}, {"v119", 0}}, "v119", 1 / (1 + std::exp(1.2)), 0.5);
}

TEST_CASE("velocity prior: settings out of range are errors that name them") {
  check_refused(VelocityPrior{79, 11}, "velocity_prior");
  check_refused(VelocityPrior{79, NAN}, "velocity_prior");
}
