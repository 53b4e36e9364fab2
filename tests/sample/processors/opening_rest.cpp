#include <musicgen/sample/processors/opening_rest.hpp>

#include <catch.hpp>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("opening rest: no time passes before the first note") {
  CHECK(added(OpeningRest{10}, "^ | T60 F0", "t12") == -10);
  CHECK(added(OpeningRest{10}, "^ | T60 F0", "+60") == 0);
  CHECK(added(OpeningRest{10}, "^ | T60 F0 t48 |", "t12") == -10);
  CHECK(added(OpeningRest{10}, "^ | T60 F0", "CN") == -10);
  CHECK(added(OpeningRest{10}, "^ | T60 F0", "CG:maj") == 0);
  CHECK(added(OpeningRest{10}, "^ | T60 F0 +60 v63 i0", "t12") == 0);
  CHECK(added(OpeningRest{}, "^ | T60 F0", "t12") == 0);
}

TEST_CASE("opening rest: silence that a plan asks for is kept") {
  CHECK(added(OpeningRest{10}, "^ | T60 F0 CN", "t48") == 0);
  CHECK(added(OpeningRest{10}, "^ | T60 F0 CN t48 | CG:maj", "t48") == -10);
}

TEST_CASE("opening rest: a penalty out of range is refused") {
  check_refused(OpeningRest{-1}, "opening_rest_penalty");
}
