#include <musicgen/sample/processors/opening_rest.hpp>

#include <catch.hpp>
#include <string>
#include <vector>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// What is added to a word's logit after these words.
double added(const OpeningRest& rest, const std::string& words, const std::string& word) {
  const std::vector<double> even(static_cast<std::size_t>(beats().size()));
  return processed(rest, even, words, beats())[static_cast<std::size_t>(beats().find(word))];
}

}  // namespace

TEST_CASE("opening rest: no time passes before the first note") {
  CHECK(added({10}, "^ | T60 F0", "t12") == -10);
  CHECK(added({10}, "^ | T60 F0", "+60") == 0);
  CHECK(added({10}, "^ | T60 F0 t48 |", "t12") == -10);
  CHECK(added({10}, "^ | T60 F0", "CN") == -10);
  CHECK(added({10}, "^ | T60 F0", "CG:maj") == 0);
  CHECK(added({10}, "^ | T60 F0 +60 v63 i0", "t12") == 0);
  CHECK(added({}, "^ | T60 F0", "t12") == 0);
}

TEST_CASE("opening rest: silence that a plan asks for is kept") {
  CHECK(added({10}, "^ | T60 F0 CN", "t48") == 0);
  CHECK(added({10}, "^ | T60 F0 CN t48 | CG:maj", "t48") == -10);
}

TEST_CASE("opening rest: a penalty out of range is refused") {
  check_refused(OpeningRest{-1}, "opening_rest_penalty");
}
