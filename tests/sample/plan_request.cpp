#include <musicgen/sample/plan_request.hpp>

#include <catch.hpp>

#include "tokens/songs.hpp"

using namespace musicgen;

namespace {

std::string chord(const char* text) {
  return chord_name(parse_chord(text));
}

}  // namespace

TEST_CASE("plan: chords are reduced to their triads") {
  for (const auto& [text, name] :
       {std::pair("C", "C:maj"), {"Am", "A:min"},    {" Bb ", "Bb:maj"},     {"F#dim", "Gb:dim"}, {"Cb", "B:maj"},
        {"B#", "C:maj"},         {"A:min", "A:min"}, {"Eb:sus4", "Eb:sus4"}, {"G7", "G:maj"},     {"Am7", "A:min"},
        {"Cmaj7", "C:maj"},      {"CM7", "C:maj"},   {"C:maj7/3", "C:maj"},  {"Dm7b5", "D:dim"},  {"B:hdim7", "B:dim"},
        {"Bdim7", "B:dim"},      {"E+", "E:aug"},    {"C7#5", "C:aug"},      {"Dsus2", "D:sus2"}, {"Dsus", "D:sus4"},
        {"G7sus4", "G:sus4"},    {"G9", "G:maj"},    {"Cadd9", "C:maj"},     {"F-", "F:min"},     {"C/E", "C:maj"},
        {"Am/G", "A:min"},       {"N", "N"},         {"N.C.", "N"}}) {
    INFO(text);
    CHECK(chord(text) == name);
  }
  for (int value = 0; value <= no_chord; ++value) CHECK(parse_chord(chord_name(value)) == value);
  for (const char* bad : {"", "H", "c", "Cx", "C5", "Cmin5x", "C::maj", "Am7 G", "7", "N7", "Cblah"})
    CHECK_THROWS_WITH(parse_chord(bad), Catch::Contains("this is none"));
  const auto four = chord_a_bar("C | Am, F G ");
  CHECK(four == std::vector<PlanRequest::Chord>{{0, 0, 0}, {1, 0, parse_chord("Am")}, {2, 0, 30}, {3, 0, 42}});
  CHECK_THROWS_WITH(chord_a_bar(" | "), Catch::Contains("there is none"));
}

TEST_CASE("plan: forms and metres are read, and what is none is named") {
  using Form = std::vector<Plan::Phrase>;
  CHECK(parse_form("i4 A8 B8 o64") == Form{{'i', 4}, {'A', 8}, {'B', 8}, {'o', 64}});
  CHECK(parse_form(" i4A8\tx1 ") == Form{{'i', 4}, {'A', 8}, {'x', 1}});
  for (const char* bad : {"", "A", "8", "8A", "A8 B", "A8,B8", "A-8", "A8.5", "#8"})
    CHECK_THROWS_WITH(parse_form(bad), Catch::Contains("a form is phrases such as"));
  CHECK_THROWS_WITH(parse_form("A8 B65"), Catch::Contains("phrase B has 65 bars, and may have 1 to 64"));
  CHECK_THROWS_WITH(parse_form("A0"), Catch::Contains("1 to 64"));
  CHECK_THROWS_WITH(parse_form("A99999999999999999999"), Catch::Contains("1 to 64"));
  for (std::size_t i = 0; i < meters.size(); ++i) CHECK(parse_meter(to_string(meters[i])) == static_cast<int>(i));
  CHECK_THROWS_WITH(parse_meter("3/5"), Catch::Contains("1/4, 2/4") && Catch::Contains("\"3/5\""));
}

TEST_CASE("plan: what cannot be is refused in a line") {
  const auto fault = [](const PlanRequest& plan) {
    try {
      require_valid(plan);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(fault({}).empty());
  CHECK(PlanRequest{}.empty());
  CHECK_FALSE(PlanRequest{.bars = 3}.empty());
  CHECK(fault({.key = Key{4, true}, .tempos = {{0, 32}, {4, 255}}, .meters = {{0, 2}}, .form = {{'A', 64}}}).empty());
  using Catch::Contains;
  CHECK_THAT(fault({.form = {{'A', 8}}, .bars = 8}), Contains("a form and a number of bars"));
  CHECK_THAT(fault({.tempos = {{0, 31}}}), Contains("31 is not in 32..255"));
  CHECK_THAT(fault({.tempos = {{0, 256}}}), Contains("256"));
  CHECK_THAT(fault({.tempos = {{1, 96}}}), Contains("first tempo is that of the first bar"));
  CHECK_THAT(fault({.tempos = {{0, 96}, {0, 97}}}), Contains("not in order"));
  CHECK_THAT(fault({.meters = {{0, 17}}}), Contains("17"));
  CHECK_THAT(fault({.meters = {{0, 1}, {3, 2}, {2, 1}}}), Contains("metres are not in order"));
  CHECK_THAT(fault({.form = {{'1', 8}}}), Contains("letter"));
  CHECK_THAT(fault({.form = {{'A', 65}}}), Contains("65"));
  CHECK_THAT(fault({.chords = {{0, 0, 73}}}), Contains("73"));
  CHECK_THAT(fault({.chords = {{1, 0, 3}, {1, 0, 4}}}), Contains("not in order"));
  CHECK_THAT(fault({.chords = {{-1, 0, 3}}}), Contains("not in order"));
  CHECK_THAT(fault({.chords = {{0, 0, 3}, {4, 0, 4}}, .chord_bars = 4}), Contains("bar 5"));
  CHECK_THAT(fault({.bars = -1}), Contains("-1 bars"));
}

TEST_CASE("plan: a song's plan is read from its tokens, as it is heard") {
  const Vocabulary beats = Vocabulary::beats();
  const PlanRequest plan =
      plan_of(test::tokens(beats,
                           "^ | KEm T96 F2 M3/4 Pi L1 CA:min +60 v63 i0 t24 CC:maj t12 "
                           "| T60 F0 M4/4 PA L2 CC:maj -60 i0 +60 v63 i0 t48 | CF:maj t12 -60 i0 $"),
              beats);
  CHECK(plan == PlanRequest{.key = Key{4, true},
                            .tempos = {{0, 98}, {1, 60}},
                            .meters = {{0, 2}, {1, common_time}},
                            .form = {{'i', 1}, {'A', 2}},
                            .chords = {{0, 0, parse_chord("Em")}, {0, 2, parse_chord("G")}, {2, 0, parse_chord("C")}}});
  CHECK(plan_of(test::tokens(beats, "^ $"), beats).empty());
}

TEST_CASE("plan: nothing changes after the song's end") {
  const auto refused = [](const PlanRequest& plan, const std::string& said) {
    CHECK_THROWS_WITH(require_valid(plan), Catch::Contains(said));
  };
  const std::vector<Plan::Phrase> form{{'A', 4}, {'B', 4}};
  refused({.tempos = {{0, 96}, {8, 80}}, .form = form}, "a tempo in bar 9 of a song of 8 bars");
  refused({.meters = {{0, 3}, {12, 2}}, .bars = 12}, "a metre in bar 13 of a song of 12 bars");
  refused({.form = form, .chords = {{0, 0, 0}, {8, 1, 1}}}, "a chord in bar 9 of a song of 8 bars");
  require_valid({.tempos = {{0, 96}, {7, 80}}, .form = form});
  require_valid({.tempos = {{0, 96}, {100, 80}}});
}

TEST_CASE("plan: of a song that was cut, it is what the song has") {
  const Vocabulary vocabulary = Vocabulary::beats();
  const auto song =
      test::tokens(vocabulary, "^ | KC T96 F0 M4/4 PA L8 CC:maj +60 v63 i0 t48 | T80 F0 t48 | CG:maj -60 i0 $");
  const PlanRequest plan = plan_of(song, vocabulary);
  CHECK(plan.form == std::vector<Plan::Phrase>{{'A', 2}});
  CHECK(plan.tempos.size() == 2);
  CHECK(plan.chords.size() == 1);
  require_valid(plan);
}
