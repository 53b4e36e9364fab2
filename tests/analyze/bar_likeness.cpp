#include <catch.hpp>
#include <musicgen/analyze/analyze.hpp>
#include <musicgen/analyze/bar_likeness.hpp>
#include <string>

#include "analyze/pieces.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("bar_likeness: bars in which nothing sounds are alike, and unlike any other") {
  musicgen::detail::BarContent silent, other;
  silent.harmony.assign(48, 0.0f);
  other.harmony.assign(48, 0.0f);
  other.harmony[0] = 1;
  other.pitched = true;
  other.melody = {{0, 60}};
  const musicgen::detail::BarLikeness likeness({silent, other, silent, other});
  CHECK(likeness(0, 2) == 1.0f);
  CHECK(likeness(1, 3) == 1.0f);
  CHECK(likeness(0, 1) == 0.0f);
}

TEST_CASE("bar_likeness: a long rest after a song leaves its phrases alone") {
  Score score = song_with_chorus();
  const Analysis song = analyze(score);
  score.tracks[1].notes.push_back({560 * 4 * ticks_a_beat, 560 * 4 * ticks_a_beat + 60, 36, 80});
  const Analysis longer = analyze(score);
  REQUIRE(longer.bars.size() == 561);
  for (std::size_t i = 0; i + 1 < song.phrases.size(); ++i) {
    INFO("phrase " << i << " of " << song.form() << " and " << longer.form().substr(0, 30));
    REQUIRE(i < longer.phrases.size());
    CHECK(longer.phrases[i].first_bar == song.phrases[i].first_bar);
    CHECK(longer.phrases[i].label() == song.phrases[i].label());
  }
}
