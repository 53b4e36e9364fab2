#include "musicgen/midi/score.hpp"

#include <catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "musicgen/core/error.hpp"

namespace {

using namespace musicgen;

TEST_CASE("midi: a score of notes that no MIDI file can hold is refused, with the note's place and what is wrong") {
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const auto [note, message] = GENERATE_COPY(table<Note, std::string>({
      {{0, 1, 300, 64, 0}, "pitch 300 is not in 0..127"},
      {{0, 1, -1, 64, 0}, "pitch -1 is not in 0..127"},
      {{0, 1, 60, 0, 0}, "velocity 0 is not in 1..127"},
      {{0, 1, 60, 128, 0}, "velocity 128 is not in 1..127"},
      {{0, 1, 60, 64, -1}, "track -1 is not in 0..65533"},
      {{0, 1, 60, 64, 2000000000}, "track 2000000000 is not in 0..65533"},
      {{-0.5, 1, 60, 64, 0}, "start -0.5 is not in 0..2.81475e+11 seconds"},
      {{nan, 1, 60, 64, 0}, "start nan is not in 0..2.81475e+11 seconds"},
      {{0, inf, 60, 64, 0}, "end inf is not in 0..2.81475e+11 seconds"},
      {{0, 1e300, 60, 64, 0}, "end 1e+300 is not in 0..2.81475e+11 seconds"},
  }));
  CHECK_THROWS_WITH(Score::from_notes(std::vector<Note>{{0, 1, 60, 64, 0}, note}), "note 1: " + message);
}

TEST_CASE("midi: a program that is none is refused") {
  const std::vector<Note> notes{{0, 1, 60, 64, 0}};
  CHECK_THROWS_WITH(Score::from_notes(notes, std::vector{0, 128}), "track 1: program 128 is not in 0..127");
  CHECK_THROWS_WITH(Score::from_notes(notes, std::vector{-1}), "track 0: program -1 is not in 0..127");
}

TEST_CASE("midi: a score of notes has a track for each number that occurs, on a channel of its own") {
  std::vector<Note> notes;
  for (int k = 0; k < 34; k += 2) notes.push_back({1.0, 0.5, 60, 64, k});
  const Score score = Score::from_notes(notes, std::vector{7, 8, 9});
  REQUIRE(score.tracks.size() == 17);
  CHECK((score.tracks[0].program == 7 && score.tracks[1].program == 9 && score.tracks[2].program == 0));
  CHECK((score.tracks[8].channel == 8 && score.tracks[9].channel == 10 && score.tracks[15].channel == 0));
  CHECK(score.tracks[0].notes == std::vector<TickNote>{{1000, 1001, 60, 64}});  // at least one tick
}

TEST_CASE("midi: notes are in order by start, track and pitch") {
  const Note a{0, 9, 70, 1, 0}, b{0, 1, 60, 1, 1}, c{0, 1, 61, 1, 1}, d{1, 2, 0, 1, 0};
  const std::vector<Note> sorted{a, b, c, d};
  CHECK(Score::from_notes(std::vector{d, c, b, a}).notes() == sorted);
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j) CHECK(by_onset(sorted[i], sorted[j]) == (i < j));
}

}  // namespace
