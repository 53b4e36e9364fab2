#include <musicgen/sample/processors/near_onset_penalty.hpp>

#include <catch.hpp>
#include <cmath>
#include <string>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("near onset penalty: notes keep off the time just after others, not off chords") {
  const auto check = [](const std::string& word, double odds, const std::string& given, float penalty = 1) {
    Puppet puppet(NearOnsetPenalty{penalty}, given);
    check_probability(puppet, {{word, 0}, {"+72", 0}}, word, odds / (1 + odds));
  };
  const double note = std::exp(-1.0), step = (1 + note) / 2;
  check("t8", step, "^ +60 v79 i0");  // beside a note of the same chord
  check("t9", 1, "^ +60 v79 i0");
  check("-60", 1 / note, "^ +60 v79 i0 t8");  // beside a note that would come 80 ms later
  check("-60", 1, "^ +60 v79 i0 t9");
  check("-60", 1 / note, "^ +60 v79 i0 t50 +64 v79 i0 t5");
  check("-60", 1, "^ +60 v79 i0 t5", 0);
  check("t8", 1, "^ +60 v79 i0", 0);
}

TEST_CASE("near onset penalty: settings out of range are errors that name them") {
  check_refused(NearOnsetPenalty{-0.1f}, "near_onset_penalty");
  check_refused(NearOnsetPenalty{NAN}, "near_onset_penalty");
}
