#include <musicgen/sample/processors/velocity_temperature.hpp>

#include <catch.hpp>
#include <cmath>
#include <map>
#include <string>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("velocity temperature: a velocity has a temperature of its own, and nothing else has it") {
  const std::map<std::string, float> words{{"v79", 1}, {"+62", 1}, {"v39", 0}, {"t10", 0}};
  const auto sharper = [](double temperature) { return 1 / (1 + std::exp(-1 / temperature)); };
  Puppet puppet(VelocityTemperature{0.5f}, "^", {.temperature = 0.8f});
  puppet.follow("+60");
  check_probability(puppet, words, "v79", sharper(0.4));
  puppet.follow("v79 i0");
  check_probability(puppet, words, "+62", sharper(0.8));
  Puppet sure(VelocityTemperature{0.5f}, "^", {.temperature = 0});
  sure.follow("+60");
  CHECK(Puppet::vocabulary.name(sure.choose(logits_of(words))) == "v79");
}

TEST_CASE("velocity temperature: with variation songs are even each in its own way") {
  Puppet puppet(VelocityTemperature{0.3f, 4});
  puppet.follow("+60");
  const auto share = [](double temperature) { return 1 / (1 + std::exp(-1 / temperature)); };
  check_probability(puppet, {{"v79", 1}, {"v39", 0}}, "v79",
                    mean_over_normal([&](double z) { return share(0.3 * std::exp(1.2 * z)); }), share(0.3));
}

TEST_CASE("velocity temperature: settings out of range are errors that name them") {
  check_refused(VelocityTemperature{0}, "velocity_temperature");
  check_refused(VelocityTemperature{NAN}, "velocity_temperature");
  check_refused(VelocityTemperature{1, -1}, "variation");
}
