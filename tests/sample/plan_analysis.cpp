#include <musicgen/sample/plan_analysis.hpp>

#include <catch.hpp>
#include <cmath>

using namespace musicgen;
using namespace std::chrono_literals;

TEST_CASE("plan analysis: bars, chords and phrases are where the plan says") {
  PlanRequest plan{.tempos = {{0, 60}, {2, 120}}, .meters = {{0, 2}}, .form = {{'i', 1}, {'A', 2}, {'B', 8}}};
  plan.key = Key::parse("E minor");
  plan.chords = chord_a_bar("Em N C");
  const Analysis analysis = analysis_of(plan, 9s);
  CHECK(analysis.meter == Meter{3, 4});
  CHECK(analysis.tempo == Approx(60));
  REQUIRE(analysis.downbeats() == std::vector<Seconds>{0s, 3s, 6s, 7.5s});
  CHECK(analysis.end == Seconds(9));
  CHECK(analysis.beats[4] == Beat{4s, 4 * 480, 1, 1});
  REQUIRE(analysis.keys.size() == 1);
  CHECK(analysis.keys[0].label() == "E:min");
  CHECK(analysis.keys[0].end == Seconds(9));
  REQUIRE(analysis.chords.size() == 3);
  CHECK(analysis.chords[0].label() == "E:min");
  CHECK(analysis.chords[1].label() == "N");
  CHECK(analysis.chords[2].label() == "C:maj");
  CHECK(analysis.chords[2].start == Seconds(6));
  CHECK(analysis.chords[2].end == Seconds(9));
  CHECK(analysis.form() == "i1A2B1");
  CHECK(analysis.phrases[1].start == Seconds(3));
  CHECK_FALSE(analysis.phrases[0].melody);
}

TEST_CASE("plan analysis: a song has the bars that its plan has, whatever the tempo rounds to") {
  for (int tempo = 32; tempo <= 255; ++tempo) {
    CAPTURE(tempo);
    const Seconds end(8 * 4 * microseconds_a_quarter(tempo) / 1e6);
    CHECK(analysis_of({.tempos = {{0, tempo}}}, end).bars.size() == 8);
  }
}

TEST_CASE("plan analysis: chords that repeat are written out") {
  PlanRequest plan{.chords = chord_a_bar("C G"), .chord_bars = 2};
  const Analysis analysis = analysis_of(plan, 7s);
  REQUIRE(analysis.chords.size() == 4);
  CHECK(analysis.chords[3].label() == "G:maj");
  CHECK(analysis.chords[3].start == Seconds(6));
}

TEST_CASE("plan analysis: keys are counted modulo 12, and a chord beyond its bar begins with the next") {
  PlanRequest plan{.key = Key{-1, true}, .meters = {{0, 1}}, .chords = {{0, 0, 0}, {0, 3, 6}}};
  const Analysis analysis = analysis_of(plan, 2s);  // two bars of 2/4
  CHECK(analysis.keys[0].label() == "B:min");
  REQUIRE(analysis.chords.size() == 2);
  CHECK(analysis.chords[1].first_beat == analysis.bars[1].first_beat);
}

TEST_CASE("plan analysis: impossible plans and endless songs are refused") {
  CHECK_THROWS_AS(analysis_of({.form = {{'A', 65}}}, 4s), Error);
  CHECK_THROWS_WITH(analysis_of({}, Seconds(INFINITY)), "plan: its end is not finite");
}

TEST_CASE("plan analysis: what a plan leaves open has no chords and phrases, and an empty song no beat") {
  const Analysis open = analysis_of({}, 4s);
  CHECK(open.bars.size() == 2);
  CHECK((open.keys.empty() && open.chords.empty() && open.phrases.empty()));
  const Analysis none = analysis_of({}, 0s);
  CHECK_FALSE(none.has_beat());
  CHECK_FALSE(none.no_beat.empty());
}
