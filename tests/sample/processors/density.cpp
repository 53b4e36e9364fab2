#include <musicgen/sample/processors/density.hpp>

#include <catch.hpp>
#include <cmath>
#include <map>
#include <string>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("density: long time steps are likelier by a power of their length, and nothing else is") {
  const auto logits = processed(Density{-0.5f}, std::vector<double>(405));
  const auto of = [&](const std::string& word) {
    return logits[static_cast<std::size_t>(Puppet::vocabulary.find(word))];
  };
  CHECK(of("t15") == Approx(0).margin(1e-6));
  CHECK(of("t60") == Approx(std::log(2)));
  CHECK(of("t1") == Approx(-std::log(15) / 2));
  CHECK(of("+60") == 0);
  CHECK(of("$") == 0);
  CHECK(processed(Density{0.5f}, std::vector<double>(405))[static_cast<std::size_t>(Puppet::vocabulary.time(60))] ==
        Approx(-std::log(2)));
  CHECK(processed(Density{}, std::vector<double>(405)) == std::vector<double>(405));
}

TEST_CASE("density: makes long time steps likelier, and with variation each song its own") {
  const std::map<std::string, float> words{{"+60", 1}, {"t15", 1}, {"t60", 1}};
  const auto longer = [](double density) { return std::pow(4.0, -density); };  // t15 does not change
  for (const float density : {0.0f, -0.5f, 1.0f}) {
    CAPTURE(density);
    Puppet puppet(Density{density}, "^ +40 v79 i0");
    const double all = 2 + longer(static_cast<double>(density));
    check_probability(puppet, words, "+60", 1 / all);
    check_probability(puppet, words, "t15", 1 / all);
    check_probability(puppet, words, "t60", 1 - 2 / all);
  }
  // Songs whose density is -0.1 e^N(0, 2^2): 0.37 of them would choose t60 without.
  Puppet varied(Density{-0.1f, 4}, "^ +40 v79 i0");
  const auto share = [&](double density) { return 1 - 2 / (2 + longer(density)); };
  check_probability(varied, words, "t60", mean_over_normal([&](double z) { return share(-0.1 * std::exp(2 * z)); }),
                    share(-0.1));
}

TEST_CASE("density: a little variation changes nothing else") {
  const auto first_tokens = [&](const Density& density) {
    Puppet puppet(density);
    puppet.writer.begin(puppet.song, puppet.chain, 5, puppet.given);
    const std::vector<float> logits(405);
    std::vector<Token> all;
    for (int i = 0; i < 100; ++i) all.push_back(puppet.choose(logits));
    return all;
  };
  CHECK(first_tokens({-0.5f, 1e-6f}) == first_tokens({-0.5f}));
  CHECK(first_tokens({-0.5f, 3}) != first_tokens({-0.5f}));
}

TEST_CASE("density: settings out of range are errors that name them") {
  check_refused(Density{11}, "density");
  check_refused(Density{NAN}, "density");
  check_refused(Density{0, -0.1f}, "variation");
  check_refused(Density{0, INFINITY}, "variation");
}
