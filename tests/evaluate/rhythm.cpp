#include <catch.hpp>
#include <cmath>
#include <musicgen/core/random.hpp>
#include <musicgen/evaluate/rhythm.hpp>
#include <vector>

#include "evaluate/bars.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

double in_time(const std::vector<double>& onsets) {
  std::vector<Note> notes;
  for (const double onset : onsets) notes.push_back({onset, onset + 0.1, 60, 64, 0});
  return gaps_in_time(notes);
}

Score drums_and(Track track, const std::vector<int>& drums) {
  Score score = piece_with(std::move(track));
  score.tracks.push_back(notes_at_ticks(drums, drum_channel));
  return score;
}

}  // namespace

TEST_CASE("rhythm: gaps that are multiples of a unit are in time, whatever the tempo") {
  // Gaps of 1, 2 and 3 times 200 ms are also within 15 ms of multiples of 205 ms, which chance would hit less often.
  CHECK(in_time({0, 0.2, 0.6, 1.2, 1.2}) == Approx(1 - 30 / 205.0));
  CHECK(in_time({10, 10.24, 10.72, 11.44}) == Approx(1 - 30 / 245.0));
  // One of the four gaps is not.
  CHECK(in_time({0, 0.2, 0.6, 1.2, 1.55}) == Approx(0.75 - 30 / 205.0));
  Random random(1);
  std::vector<double> played;
  for (double at = 0; played.size() < 2000;) played.push_back(at += 0.05 + random.uniform());
  CHECK(in_time(played) < 0.1);
  CHECK(std::isnan(in_time({})));
  CHECK(std::isnan(in_time({1, 1})));
}

TEST_CASE("rhythm: notes within a 48th of a beat of a sixteenth are in beat") {
  const Analysis analysis = bars_of_beats(2, 4);
  // A beat, a sixteenth, 10 ticks late, 10 early; 11 late; midway between two.
  const Track track = notes_at_ticks({480, 600, 970, 1070, 1211, 1500});
  CHECK(in_beat_share(piece_with(track), analysis) == Approx(4.0 / 6));
  CHECK(in_beat_share(drums_and(track, {50, 51, 52}), analysis) == Approx(4.0 / 6));
  CHECK(std::isnan(in_beat_share(piece_with(track), Analysis{})));
  CHECK(std::isnan(in_beat_share(drums_and(Track{}, {0, 480}), analysis)));
}

TEST_CASE("rhythm: beats may get faster") {
  Analysis analysis = bars_of_beats(2, 4);
  std::int64_t tick = 100;
  for (Beat& beat : analysis.beats) beat.tick = tick, tick += 480 - 40 * beat.place;
  // The sixteenths of the second beat, which is 440 ticks long, and one of the last, which is as long as the one
  // before.
  const auto from = static_cast<int>(analysis.beats[1].tick);
  CHECK(in_beat_share(piece_with(notes_at_ticks({from, from + 110, from + 220, from + 330, 3200})), analysis) == 1);
  CHECK(in_beat_share(piece_with(notes_at_ticks({from + 119, from + 120})), analysis) == Approx(0.5));
}

TEST_CASE("rhythm: onsets are counted by their sixteenth in the bar") {
  Analysis analysis = bars_of_beats(2, 4);
  // Downbeats of both bars, one a little early; the second beat; the last sixteenth of the first bar.
  const Track track = notes_at_ticks({0, 1900, 480, 1790});
  BarPositions shares = bar_positions(drums_and(track, {240}), analysis);
  CHECK(shares[0] == Approx(0.5));
  CHECK(shares[4] == Approx(0.25));
  CHECK(shares[15] == Approx(0.25));
  CHECK(shares[2] == 0);
  CHECK(histogram_overlap(shares, shares) == Approx(1));
  BarPositions even;
  even.fill(1.0 / 16);
  CHECK(histogram_overlap(shares, even) == Approx(3.0 / 16));

  // An upbeat of one beat is at the end of its bar.
  for (Beat& beat : analysis.beats) beat.place = (beat.place + 3) % 4;
  shares = bar_positions(piece_with(notes_at_ticks({0, 480})), analysis);
  CHECK(shares[12] == Approx(0.5));
  CHECK(shares[0] == Approx(0.5));

  // Notes after the fourth beat of a bar, or after the last beat, are not counted.
  shares = bar_positions(piece_with(notes_at_ticks({0, 4 * 480, 20 * 480})), bars_of_beats(1, 5));
  CHECK(shares[0] == 1);
  CHECK(std::isnan(bar_positions(piece_with(track), Analysis{})[0]));
}

TEST_CASE("rhythm: neighbouring bars are alike in the sixteenths at which they agree") {
  // Bars of 16 sixteenths, 1920 ticks: onsets at 0 and 4; the same, one of them played late; only at 8.
  const std::vector<int> ticks{0, 480, 1920, 2430, 3840 + 960};
  CHECK(groove_similarity(piece_with(notes_at_ticks(ticks)), bars_of_beats(3, 4)) == Approx((1 + 13.0 / 16) / 2));
  CHECK(groove_similarity(drums_and(notes_at_ticks(ticks), {3840, 4320}), bars_of_beats(3, 4)) ==
        Approx((1 + 15.0 / 16) / 2));
  // Bars of 3/4 have 12 sixteenths.
  CHECK(groove_similarity(piece_with(notes_at_ticks({0, 1440, 1920})), bars_of_beats(2, 3)) == Approx(11.0 / 12));
  // A bar that is cut short has no neighbours.
  Analysis cut = bars_of_beats(3, 4);
  cut.bars[2].end_beat -= 1;
  CHECK(groove_similarity(piece_with(notes_at_ticks(ticks)), cut) == 1);
  CHECK(std::isnan(groove_similarity(piece_with(notes_at_ticks(ticks)), bars_of_beats(1, 4))));
  CHECK(std::isnan(groove_similarity(piece_with(notes_at_ticks(ticks)), Analysis{})));
}
