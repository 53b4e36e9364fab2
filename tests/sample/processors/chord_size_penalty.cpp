#include <musicgen/sample/processors/chord_size_penalty.hpp>

#include <catch.hpp>
#include <cmath>
#include <string>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("chord size penalty: chords are thinner, or thicker, than the model says") {
  const auto check = [](double odds, const std::string& given, float penalty) {
    Puppet puppet(ChordSizePenalty{penalty}, given);
    check_probability(puppet, {{"+72", 0}, {"t8", 0}}, "+72", odds / (1 + odds));
  };
  for (const float penalty : {1.5f, -0.5f}) {
    const double thinner = std::exp(-static_cast<double>(penalty));
    check(1, "^ +60 v79 i0", penalty);
    check(thinner, "^ +60 v79 i0 +64 v79 i0", penalty);
    check(thinner, "^ +60 v79 i0 t20 +64 v79 i0 +67 v79 i0", penalty);
    check(thinner, "^ +60 v79 i0 +64 v79 i0 +67 v79 i0", penalty);
    check(1, "^ +60 v79 i0 +64 v79 i0 t20 +67 v79 i0", penalty);  // a note that began earlier does not count
  }
}

TEST_CASE("chord size penalty: settings out of range are errors that name them") {
  check_refused(ChordSizePenalty{-11}, "chord_size_penalty");
  check_refused(ChordSizePenalty{NAN}, "chord_size_penalty");
}
