#include <musicgen/sample/plan_json.hpp>

#include <catch.hpp>

using namespace musicgen;

TEST_CASE("plan: JSON has what the options of generate have") {
  const PlanRequest plan =
      parse_plan(R"({"key": "E minor", "tempo": 96, "meter": "3/4", "form": "i4 A8", "chords": "C G Am F"})");
  CHECK(plan == PlanRequest{.key = Key{4, true},
                            .tempos = {{0, 96}},
                            .meters = {{0, 2}},
                            .form = {{'i', 4}, {'A', 8}},
                            .chords = chord_a_bar("C G Am F"),
                            .chord_bars = 4});
  CHECK(parse_plan("{}").empty());
  CHECK(parse_plan(R"({"bars": 32})").bars == 32);
}

TEST_CASE("plan: JSON written and read again is the same plan") {
  for (const PlanRequest& plan :
       {PlanRequest{}, PlanRequest{.bars = 7},
        PlanRequest{.key = Key{10, false}, .tempos = {{0, 61}, {9, 255}}, .meters = {{0, 10}, {1, 3}}},
        PlanRequest{.form = {{'i', 1}, {'A', 64}}, .chords = {{0, 0, 0}, {0, 2, no_chord}, {7, 1, 71}}},
        PlanRequest{.key = Key{6, true}, .chords = chord_a_bar("Dbsus2 N"), .chord_bars = 2}})
    CHECK(parse_plan(plan_json(plan)) == plan);
}

TEST_CASE("plan: JSON that is no plan is refused, and the part named") {
  for (const auto& [json, said] :
       {std::pair("", "plan: is not JSON: line 1, column 1"),
        {"{\"key\": \"C\"\n \"bars\": 3}", "plan: is not JSON: line 2, column 7"},
        {"[1]", "not a JSON object"},
        {R"({"tempi": 96})", "\"tempi\" is no part"},
        {R"({"tempo": "96"})", "\"tempo\" has to be a whole number"},
        {R"({"tempo": 96.5})", "\"tempo\""},
        {R"({"tempo": 20})", "32..255"},
        {R"({"tempo": [{"tempo": 96}]})", "lacks \"bar\""},
        {R"({"tempo": [{"bar": 0, "tempo": 96}]})", "counted from 1"},
        {R"({"tempo": [{"bar": 2, "tempo": 96}]})", "first bar"},
        {R"({"meter": 3})", "\"meter\""},
        {R"({"meter": "3/5"})", "3/5"},
        {R"({"key": "H"})", "a key is"},
        {R"({"form": ["A8"]})", "\"form\" has to be a text"},
        {R"({"form": "A8", "bars": 8})", "a form and a number of bars"},
        {R"({"chords": 3})", "\"chords\""},
        {R"({"chords": [3]})", "lacks \"bar\""},
        {R"({"chords": [{"bar": 1, "chord": "H"}]})", "a chord is"},
        {R"({"chords": "C H"})", "\"H\""},
        {R"({"chords": [{"bar": 1, "chord": "C", "colour": 3}]})", "unknown member \"colour\""},
        {R"({"form": "A4", "tempo": [{"bar": 1, "tempo": 96}, {"bar": 33, "tempo": 80}]})",
         "a tempo in bar 33 of a song of 4 bars"},
        {R"({"bars": 0})", "at least 1"}}) {
    INFO(json);
    CHECK_THROWS_WITH(parse_plan(json), Catch::Contains(said));
  }
}
