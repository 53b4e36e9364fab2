#include <catch.hpp>
#include <musicgen/analyze/analyze.hpp>

#include "analyze/pieces.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// C F G C, C F G C, ...
SongMaker cadences(int bars) {
  SongMaker song(4);
  for (int i = 0; i < bars; ++i) {
    constexpr int roots[] = {0, 5, 7, 0};
    const int root = roots[i % 4];
    song.bar({root, false}, {60 + root, 64 + root, 67 + root, 64 + root});
  }
  return song;
}

/// Drums with one hit per beat.
Track drums(int beats) {
  Track track{.name = "", .channel = drum_channel};
  for (int i = 0; i < beats; ++i) track.notes.push_back({i * ticks_a_beat, i * ticks_a_beat + 60, 38, 80});
  return track;
}

}  // namespace

TEST_CASE("keys: beats in which nothing sounds have no say") {
  Score score = cadences(16).score();
  const std::string key = analyze(score).main_key()->label();
  CHECK(key == "C:maj");
  score.tracks[1].notes.push_back({1664 * ticks_a_beat, 1664 * ticks_a_beat + 60, 36, 80});
  const Analysis analysis = analyze(score);
  REQUIRE(analysis.beats.size() == 1665);
  REQUIRE(analysis.keys.size() == 1);
  CHECK(analysis.main_key()->label() == key);
}

TEST_CASE("keys: drums that go on have no say") {
  Score score = cadences(16).score();
  score.tracks.push_back(drums(1664));
  const Analysis analysis = analyze(score);
  REQUIRE(analysis.beats.size() == 1664);
  CHECK(analysis.main_key()->label() == "C:maj");
}

TEST_CASE("keys: drums have none, whatever begins when they end") {
  Score score;
  score.tempo = TempoMap(ticks_a_beat);
  score.tracks = {drums(64), {.name = "", .notes = {{64 * ticks_a_beat, 64 * ticks_a_beat + 1, 60, 80}}}};
  const Analysis analysis = analyze(score);
  REQUIRE(analysis.has_beat());
  CHECK(analysis.keys.empty());
  CHECK(analysis.main_key() == nullptr);
}
