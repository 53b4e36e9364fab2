#include <musicgen/sample/processors/steady_beat.hpp>

#include <catch.hpp>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("steady beat: songs keep the tempo and the metre of their first bar") {
  CHECK(added(SteadyBeat{10}, "^ |", "T60") == 0);
  CHECK(added(SteadyBeat{10}, "^ | T60 F0 t48 |", "T92") == -10);
  CHECK(added(SteadyBeat{10}, "^ | T60 F0 t48 |", "CG:maj") == 0);
  CHECK(added(SteadyBeat{10}, "^ | T60 F0", "M2/4") == 0);
  CHECK(added(SteadyBeat{10}, "^ | T60 F0 t48 |", "M2/4") == -10);
  CHECK(added(SteadyBeat{}, "^ | T60 F0 t48 |", "T92") == 0);
}

TEST_CASE("steady beat: a penalty out of range is refused") {
  check_refused(SteadyBeat{-1}, "steady_beat_penalty");
}
