#include <musicgen/data/song.hpp>
#include <musicgen/tokens/context.hpp>
#include <musicgen/tokens/encoder.hpp>
#include <musicgen/tokens/repeats.hpp>

#include "catch.hpp"
#include "songs.hpp"

using namespace musicgen;
using test::beats;

namespace {

constexpr int bar = 48;

/// A note of a twelfth.
GridNote note(int step, int pitch, int track = 0) {
  return {step, step + 1, static_cast<std::uint8_t>(track), static_cast<std::uint8_t>(pitch), 64};
}

Plan with_form(std::vector<Plan::Phrase> form) {
  Plan plan;
  plan.form = std::move(form);
  return plan;
}

/// Notes of one pitch, one a bar, where the pitch is not 0.
std::vector<GridNote> melody(const std::vector<int>& pitches) {
  std::vector<GridNote> notes;
  for (std::size_t b = 0; b < pitches.size(); ++b)
    if (pitches[b] > 0) notes.push_back(note(bar * static_cast<int>(b), pitches[b]));
  return notes;
}

using Bars = std::vector<int>;

}  // namespace

TEST_CASE("repeats: bars with the melody of the last phrase with their letter") {
  const Plan plan = with_form({{'A', 2}, {'B', 1}, {'A', 3}, {'B', 1}, {'A', 2}});
  CHECK(repeated_bars(melody({60, 62, 64, 60, 62, 65, 64, 60, 62}), plan) == Bars{3, 4, 6, 7, 8});
  // The second phrase is what the third is compared with.
  CHECK(repeated_bars(melody({60, 62, 64, 61, 62, 65, 65, 60, 62}), plan) == Bars{4, 8});
  CHECK(repeated_bars(melody({60, 62, 64, 61, 62, 65, 65, 61, 65}), plan) == Bars{4, 7});
  // A silent bar repeats nothing, and nothing repeats it.
  CHECK(repeated_bars(melody({60, 0, 64, 60, 0, 65, 0, 60, 62}), plan) == Bars{3, 7});
  CHECK(repeated_bars(melody({60, 62, 64}), plan).empty());
  CHECK(repeated_bars({}, plan).empty());
  CHECK(repeated_bars(melody({60, 60, 60}), {}).empty());
}

TEST_CASE("repeats: every onset of the first track counts, no other track, and no note's end") {
  const Plan plan = with_form({{'A', 1}, {'A', 1}});
  const auto repeats = [&](std::vector<GridNote> notes) { return !repeated_bars(notes, plan).empty(); };
  CHECK(repeats({note(0, 60), note(13, 62), note(48, 60), note(61, 62)}));
  CHECK_FALSE(repeats({note(0, 60), note(13, 62), note(48, 60), note(60, 62)}));
  CHECK_FALSE(repeats({note(0, 60), note(13, 62), note(48, 60)}));
  CHECK_FALSE(repeats({note(0, 60), note(48, 60), note(61, 62)}));
  CHECK_FALSE(repeats({note(0, 60), note(13, 62), note(48, 60), note(61, 63)}));
  CHECK(repeats({note(0, 60), note(5, 30, 1), note(48, 60)}));
  CHECK_FALSE(repeats({note(0, 60, 2), note(0, 70, 1), note(48, 60, 2), note(48, 71, 1)}));  // track 1 is the first
  CHECK(repeats({{0, 40, 0, 60, 64}, {48, 50, 0, 60, 90}}));
}

TEST_CASE("repeats: bars are as long as their metres") {
  Plan plan = with_form({{'A', 2}, {'A', 2}});
  plan.meters = {{0, 2}, {1, common_time}, {2, 2}, {3, common_time}};  // 3/4, 4/4, 3/4, 4/4
  CHECK(repeated_bars(std::vector{note(0, 60), note(36, 62), note(84, 60), note(120, 62)}, plan) == Bars{2, 3});
}

TEST_CASE("repeats: a plan says them after the phrase and before the chord, once a bar") {
  Plan plan = with_form({{'A', 1}, {'A', 2}});
  plan.chords = {{0, no_chord}};
  plan.repeats = {1, 2};
  const auto notes = melody({60, 60, 62});
  CHECK(test::text(beats(), encode_notes(notes, plan, beats())) ==
        "^ | PA L1 CN +60 v63 i0 t1 -60 i0 t47 | PA L2 R CN +60 v63 i0 t1 -60 i0 t47 | R +62 v63 i0 t1 -62 i0 $");
  for (const char* word : {"R", "PA", "L2"}) {
    std::vector<std::string> names = beats().names();
    std::erase(names, word);
    const Vocabulary without = Vocabulary::from_names(names);
    CHECK(test::text(without, encode_notes(notes, plan, without)).find('R') == std::string::npos);
  }
}

TEST_CASE("repeats: a network is told") {
  SongState song;
  std::string repeats;
  for (const Token token :
       test::tokens(beats(), "^ | PA L2 t48 | t48 | PA L2 R t48 | t48 | PB L1 t48 | PA L1 R t48 |")) {
    song.advance(beats()[token]);
    repeats += song.place().repeats ? 'R' : '.';
    CHECK(Context::of(song.place(), 0).back() == Context::rows - 2 + song.place().repeats);
  }
  CHECK(repeats == "..........RR.........RR.");
}
