#include <musicgen/sample/processors/end_bias.hpp>

#include <catch.hpp>
#include <chrono>
#include <cmath>
#include <string>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;
using namespace std::chrono_literals;

TEST_CASE("end bias: an end is rarer in the first half of the usual length, and likelier past it") {
  const auto check = [](const std::string& given, const std::string& followed, double odds,
                        const EndBias& end = {60s}) {
    Puppet puppet(end, "^" + given);
    puppet.follow(followed);
    check_probability(puppet, {{"$", 0}, {"+60", 0}}, "$", odds / (1 + odds));
  };
  const auto notes = [](int seconds) { return repeated(seconds, "+40 v79 i0 t100 -40 i0"); };
  check("", notes(25), std::exp(-1.0));
  check(notes(25), "", std::exp(-1.0));
  check("", notes(30), 1);
  check("", notes(60), 1);
  check("", notes(65), std::exp(1.0));
  check(notes(65), "", 1);
  check("", notes(55), std::exp(-1.0), {1000000s});  // a minute at most
  check("", notes(5), 1, {});
  check("", notes(5), 1, {std::chrono::duration<double>(INFINITY)});
}

TEST_CASE("end bias: settings out of range are errors that name them") {
  check_refused(EndBias{-1s}, "end_bias_after");
  check_refused(EndBias{std::chrono::duration<double>(NAN)}, "end_bias_after");
}
