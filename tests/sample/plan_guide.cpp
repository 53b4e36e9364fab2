#include <musicgen/sample/plan_guide.hpp>

#include <catch.hpp>
#include <musicgen/sample/plan_json.hpp>
#include <musicgen/sample/sampler.hpp>

#include "sample/models.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// What may come after these words by grammar and plan, as names_of() has it.
std::string left(const PlanRequest& plan, const std::string& words, bool endless = false, PlanGuide::Start start = {}) {
  const GrammarRules grammar(beats(), {.canonical = true});
  SongState song;
  for (const Token token : tokens(beats(), words)) {
    REQUIRE(grammar.allows(song, token));
    song.advance(beats()[token]);
  }
  std::vector<std::uint8_t> allowed(static_cast<std::size_t>(beats().size()));
  grammar.allowed(song, allowed);
  PlanGuide(beats(), plan).apply(song, start, endless, allowed);
  return names_of(allowed);
}

PlanRequest random_plan(Random& random) {
  PlanRequest plan;
  const auto maybe = [&] { return random.below(2) == 0; };
  if (maybe()) plan.key = Key{random.between(0, 11), maybe()};
  if (maybe()) plan.tempos = {{0, random.between(min_tempo, max_tempo)}};
  if (!plan.tempos.empty() && maybe())
    plan.tempos.push_back({random.between(1, 5), random.between(min_tempo, max_tempo)});
  if (maybe()) plan.meters = {{0, random.between(0, static_cast<int>(meters.size()) - 1)}};
  if (!plan.meters.empty() && maybe())
    plan.meters.push_back({random.between(1, 5), random.between(0, static_cast<int>(meters.size()) - 1)});
  if (random.below(3) == 0)
    plan.bars = random.between(1, 9);
  else
    for (int i = random.between(1, 4); i > 0; --i)
      plan.form.push_back({maybe() ? 'A' : static_cast<char>(random.between('a', 'z')), random.between(1, 4)});
  if (maybe()) {
    plan.chord_bars = random.between(1, 4);
    for (int bar = 0; bar < plan.chord_bars; ++bar) plan.chords.push_back({bar, 0, random.between(0, no_chord)});
  } else if (maybe()) {
    for (int bar = random.between(0, 1), i = 0; i < 4; ++i, bar += random.between(1, 2))
      plan.chords.push_back({bar, random.between(0, 3), random.between(0, no_chord)});
  }
  return first_bars(plan, plan.length());
}

int bars_of(const std::vector<Plan::Phrase>& form) {
  int bars = 0;
  for (const Plan::Phrase& phrase : form) bars += phrase.bars;
  return bars;
}

/// What the plan says of a bar's beats, chord by chord.
std::vector<int> chords_by_beat(const PlanRequest& plan, const std::vector<Plan::Bars>& changes, int bars) {
  std::vector<int> all;
  int meter = common_time, chord = -1;
  for (int bar = 0; bar < bars; ++bar) {
    for (const Plan::Bars& change : changes)
      if (change.bar == bar) meter = change.meter;
    for (int beat = 0; beat < meters[static_cast<std::size_t>(meter)].beats; ++beat) {
      for (const PlanRequest::Chord& c : plan.chords) {
        const int in_round = plan.chord_bars > 0 ? bar % plan.chord_bars : bar;
        if (c.bar < in_round || (c.bar == in_round && c.beat <= beat)) chord = c.chord;
      }
      all.push_back(chord);
    }
  }
  return all;
}

}  // namespace

TEST_CASE("plan: of each kind something comes in the first bar, whatever is asked for") {
  CHECK(left({}, "^") == "|");
  CHECK(left({}, "^ |") == "key");
  CHECK(left({}, "^ | KC") == "tempo");
  CHECK(left({}, "^ | KC T96") == "fine_tempo");
  CHECK(left({}, "^ | KC T96 F0") == "meter");
  CHECK(left({}, "^ | KC T96 F0 M4/4") == "phrase");
  CHECK(left({}, "^ | KC T96 F0 M4/4 PA") == "phrase_bars");
  CHECK(left({}, "^ | KC T96 F0 M4/4 PA L8") == "chord");
  CHECK(left({}, "^ | KC T96 F0 M4/4 PA L8 CC:maj") == "note_on time $");
  // What a song without them had before is not asked for later.
  CHECK(left({}, "^ | KC T96 F0 M4/4 PA L8 CC:maj t48 |") == "note_on time tempo meter chord");
}

TEST_CASE("plan: what is asked for comes where it is asked for, and nowhere else") {
  const PlanRequest plan{.key = Key{4, true}, .tempos = {{0, 97}, {1, 60}}, .meters = {{0, 2}}};
  CHECK(left(plan, "^ |") == "KEm");
  CHECK(left(plan, "^ | KEm") == "T96");
  CHECK(left(plan, "^ | KEm T96") == "F1");
  CHECK(left(plan, "^ | KEm T96 F1") == "M3/4");
  const std::string first = "^ | KEm T96 F1 M3/4 PA L8 CC:maj +60 v63 i0 t36 |";
  CHECK(left(plan, first) == "T60");
  CHECK(left(plan, first + " T60") == "F0");
  CHECK(left(plan, first + " T60 F0") == "note_on -60 time chord");
  CHECK(left(plan, first + " T60 F0 t36 |") == "note_on -60 time chord");
}

TEST_CASE("plan: phrases of the form follow each other, and then the song ends or begins again") {
  const PlanRequest plan{.form = parse_form("i1 A2")};
  const std::string first = "^ | KC T96 F0 M4/4 Pi L1 CC:maj +60 v63 i0 t48 |";
  CHECK(left(plan, "^ | KC T96 F0 M4/4") == "Pi");
  CHECK(left(plan, "^ | KC T96 F0 M4/4 Pi") == "L1");
  CHECK(left(plan, first) == "tempo meter PA");
  CHECK(left(plan, first + " PA") == "L2");
  CHECK(left(plan, first + " PA L2 -60 i0") == "note_on time");
  CHECK(left(plan, first + " PA L2 -60 i0 t48 | +62 v63 i0 t24 -62 i0") == "note_on time $");
  const std::string last = first + " PA L2 t48 | t48 |";
  CHECK(left(plan, last) == "-60");
  CHECK(left(plan, last + " -60 i0") == "$");
  CHECK(left(plan, last, true) == "tempo meter Pi");
  CHECK(left(plan, last + " Pi", true) == "L1");
  CHECK(left(plan, first, false, {.form = 1}) == "tempo meter Pi");
  // Without a plan the model chooses.
  CHECK(left({}, first) == "-60 tempo meter phrase");
  CHECK(left({}, first, true) == "tempo meter phrase");
  CHECK(left({}, first + " -60 i0", true) == "$");  // it has chosen already
}

TEST_CASE("plan: phrases end with the last bar that is asked for") {
  const PlanRequest plan{.bars = 2};
  const std::string first = "^ | KC T96 F0 M4/4 PA";
  CHECK(left(plan, first) == "L1 L2");
  CHECK(left(plan, first + " L1 CC:maj +60 v63 i0 t48 |") == "tempo meter phrase");
  CHECK(left(plan, first + " L1 CC:maj +60 v63 i0 t48 | PA") == "L1");
  CHECK(left(plan, first + " L2 CC:maj +60 v63 i0 t48 | t48 |") == "-60");
  CHECK(left(plan, first + " L2 CC:maj +60 v63 i0 t48 | t48 |", true) == "tempo meter phrase");
  CHECK(left(plan, first + " L2 CC:maj +60 v63 i0 t48 | t48 | PB", true) == "L1 L2");
}

TEST_CASE("plan: chords come where they change and where a phrase begins") {
  const PlanRequest plan{.key = Key{7},
                         .chords = {{0, 0, parse_chord("G")}, {0, 2, parse_chord("D")}, {1, 0, parse_chord("D")}}};
  const std::string first = "^ | KG T96 F0 M4/4 PA L1";
  CHECK(left(plan, first) == "CC:maj");
  CHECK(left(plan, first + " CC:maj") == "note_on time $");
  CHECK(left(plan, first + " CC:maj +60 v63 i0 t24") == "CG:maj");
  CHECK(left(plan, first + " CC:maj +60 v63 i0 t23 -60 i0") == "note_on t1 $");
  CHECK(left(plan, first + " CC:maj +60 v63 i0 t24 CG:maj t24 | PA L1") == "R CG:maj");
  CHECK(left(plan, first + " CC:maj +60 v63 i0 t24 CG:maj t24 | PA L1 CG:maj t48 | PA L2 CG:maj t48 |") ==
        "note_on -60 time tempo meter R");
  const PlanRequest again{.chords = chord_a_bar("C F"), .chord_bars = 2};
  const std::string bars = "^ | KC T96 F0 M4/4 PA L8 CC:maj +60 v63 i0 t48 |";
  CHECK(left(again, bars) == "tempo meter CF:maj");
  CHECK(left(again, bars + " CF:maj t48 |") == "tempo meter CC:maj");
  // Without a key, one that has them.
  CHECK(left({.chords = chord_a_bar("C G Am F"), .chord_bars = 4}, "^ |") == "KC KAm");
  CHECK(left({.chords = chord_a_bar("Em Am Bm"), .chord_bars = 3}, "^ |") == "KG KEm");
  // Where the metre has no such beat, the next bar has it.
  const PlanRequest late{.meters = {{0, 1}}, .chords = {{0, 0, 0}, {0, 3, 30}}};
  CHECK(left(late, "^ | KC T96 F0 M2/4 PA L8 CC:maj +60 v63 i0 t24 |") == "tempo CF:maj");
}

TEST_CASE("plan: 250 random plans are kept to, as their songs' tokens say") {
  int placed = 0;
  for (std::uint64_t seed = 0; seed < 250; ++seed) {
    Random random(seed);
    const Model<> model = untrained_in_beats(seed % 5, seed % 2 == 0 ? 1 : 20);
    const PlanRequest plan = random_plan(random);
    Sampler sampler(model, SamplerOptions{.seed = seed, .plan = plan});
    const GeneratedSong song = sampler.generate(1).front();
    INFO(plan_json(plan) << text(beats(), song.tokens));
    Grammar grammar(beats(), {.canonical = true});
    for (const Token token : song.tokens) REQUIRE_NOTHROW(grammar.advance(token));
    REQUIRE(grammar.ended());
    CHECK_FALSE(song.log_probabilities.empty());
    const PlanRequest got = plan_of(song.tokens, beats());
    const int bars = bars_of(got.form);
    const auto in_song = [&](auto changes) {
      std::erase_if(changes, [&](const auto& change) { return change.bar >= bars; });
      return changes;
    };
    REQUIRE(got.key);
    CHECK((!plan.key || *plan.key == *got.key));
    if (!plan.tempos.empty()) CHECK(got.tempos == in_song(plan.tempos));
    if (!plan.meters.empty()) CHECK(got.meters == in_song(plan.meters));
    if (!plan.form.empty()) CHECK(got.form == plan.form);
    if (plan.bars > 0) CHECK(bars == plan.bars);
    CHECK(!got.tempos.empty());
    CHECK(!got.meters.empty());
    if (plan.chords.empty()) continue;
    ++placed;
    // The last bar may end early, and its later chords with it.
    const auto wanted = chords_by_beat(plan, got.meters, bars - 1), found = chords_by_beat(got, got.meters, bars - 1);
    CHECK(wanted == found);
  }
  CHECK(placed > 50);
}

TEST_CASE("plan: a plan that was read from a song gives it again") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Model<> model = untrained_in_beats(seed, 5);
    Sampler sampler(model, SamplerOptions{.seed = seed, .plan = {.bars = 6}});
    const PlanRequest plan = plan_of(sampler.generate(1).front().tokens, beats());
    Sampler other(model, SamplerOptions{.seed = seed + 1, .plan = parse_plan(plan_json(plan))});
    const PlanRequest again = plan_of(other.generate(1).front().tokens, beats());
    CHECK(again.key == plan.key);
    CHECK(again.tempos == plan.tempos);
    CHECK(again.meters == plan.meters);
    CHECK(again.form == plan.form);
    CHECK(chords_by_beat(again, again.meters, 5) == chords_by_beat(plan, plan.meters, 5));
  }
}

TEST_CASE("plan: plans are for models of beats, and for words that they have") {
  CHECK_THROWS_WITH(PlanGuide(Vocabulary::standard(), {.bars = 8}), Catch::Contains("the model has no plan"));
  CHECK_NOTHROW(PlanGuide(Vocabulary::standard(), {}));
  CHECK_THROWS_WITH(Sampler(untrained(), SamplerOptions{.plan = {.tempos = {{0, 96}}}}),
                    Catch::Contains("the model has no plan"));
  auto names = beats().names();
  std::erase(names, "KEm");
  std::erase(names, "L7");
  std::erase(names, "CD:min");
  const Vocabulary fewer = Vocabulary::from_names(names);
  CHECK_THROWS_WITH(PlanGuide(fewer, {.key = Key{4, true}}), Catch::Contains("lacks \"KEm\""));
  CHECK_THROWS_WITH(PlanGuide(fewer, {.form = {{'A', 7}}}), Catch::Contains("lacks \"L7\""));
  CHECK_THROWS_WITH(PlanGuide(fewer, {.chords = chord_a_bar("Am"), .chord_bars = 1}), Catch::Contains("\"CD:min\""));
  CHECK_NOTHROW(PlanGuide(fewer, {.key = Key{5, true}, .form = {{'A', 8}}}));
}
