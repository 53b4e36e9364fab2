#include <catch.hpp>
#include <musicgen/analyze/analyze.hpp>
#include <utility>

#include "analyze/pieces.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// A chord of four notes at each of the ticks.
Score chords_at(const std::vector<std::int64_t>& ticks) {
  Track track{.name = ""};
  for (const std::int64_t tick : ticks)
    for (const int pitch : {48, 60, 64, 67})
      track.notes.push_back({tick, tick + ticks_a_beat, static_cast<std::uint8_t>(pitch), 80});
  return piece_with(std::move(track));
}

}  // namespace

TEST_CASE("beat_grid: notes that begin together are one piece of evidence") {
  CHECK_THAT(analyze(chords_at({0})).no_beat, Catch::Contains("too few"));
  CHECK_THAT(analyze(chords_at({130})).no_beat, Catch::Contains("too few"));
  CHECK_THAT(analyze(chords_at({0, 2, 4, 6, 8, 10})).no_beat, Catch::Contains("too few"));
  CHECK_THAT(analyze(chords_at({0, 480, 960})).no_beat, Catch::Contains("too few"));
  CHECK(analyze(chords_at({0, 480, 960, 1440})).no_beat == "");
  CHECK(analyze(chords_at({130, 610, 1090, 1570})).no_beat == "");
}

TEST_CASE("beat_grid: a pick-up has a beat of its own, before the file's beginning") {
  Score score = waltz(120, 240);
  score.tracks[0].notes.insert(score.tracks[0].notes.begin(), {120, 230, 70, 80});
  const Analysis analysis = analyze(score);
  REQUIRE(analysis.beats.size() == 49);
  CHECK(analysis.beats[0].tick == -240);
  CHECK(analysis.beats[0].time == Seconds(-0.25));
  CHECK(analysis.beats[0].place == 2);
  CHECK(analysis.beats[1].place == 0);
}
