#include <catch.hpp>
#include <musicgen/analyze/analyze.hpp>
#include <utility>

#include "analyze/pieces.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

Score even_hits(int hits) {
  Track track{.name = "", .channel = drum_channel};
  for (int i = 0; i < hits; ++i) track.notes.push_back({i * ticks_a_beat, i * ticks_a_beat + 60, 38, 80});
  return piece_with(std::move(track));
}

}  // namespace

TEST_CASE("meter: where all beats are alike, bars of four begin with the first") {
  for (const int hits : {5, 61, 62, 63, 64, 999, 1000}) {
    const Analysis analysis = analyze(even_hits(hits));
    INFO(hits << " hits");
    CHECK(to_string(analysis.meter) == "4/4");
    REQUIRE_FALSE(analysis.downbeats().empty());
    CHECK(analysis.downbeats().front() == Seconds(0));
  }
}

TEST_CASE("meter: the file decides between bars that are alike to the notes") {
  Score score = even_hits(60);
  score.time_signatures = {{0, 3, 4}};
  const Analysis analysis = analyze(score);
  CHECK(to_string(analysis.meter) == "3/4");
  CHECK(analysis.downbeats().front() == Seconds(0));
}

TEST_CASE("meter: signatures that cannot be are passed over") {
  Score score = even_hits(60);
  for (const TimeSignature impossible : {TimeSignature{0, 4, 0}, TimeSignature{0, 0, 4}, TimeSignature{0, -3, 4},
                                         TimeSignature{0, 3, -4}, TimeSignature{0, 2000000000, 4}}) {
    INFO(impossible.numerator << "/" << impossible.denominator);
    score.time_signatures = {impossible};
    CHECK(to_string(analyze(score).meter) == "4/4");
    score.time_signatures = {{0, 5, 4}, impossible};
    CHECK(to_string(analyze(score).meter) == "5/4");
  }
}
