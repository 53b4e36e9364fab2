// The language of beats: bars, the plan, and notes between them.
#include <array>
#include <filesystem>
#include <musicgen/analyze/analyze.hpp>
#include <musicgen/core/thread_pool.hpp>
#include <musicgen/midi.hpp>
#include <musicgen/tokens/decoder.hpp>
#include <musicgen/tokens/encoder.hpp>
#include <musicgen/tokens/grammar.hpp>
#include <musicgen/tokens/repeats.hpp>

#include "catch.hpp"
#include "data_files.hpp"
#include "songs.hpp"

using namespace musicgen;
using test::beats;

namespace {

/// The tokens of notes in steps, with a plan.
std::string encoded(std::vector<GridNote> notes, const Plan& plan) {
  return test::text(beats(), encode_notes(notes, plan, beats()));
}

/// A random walk through the grammar of up to `most` tokens.
std::vector<Token> walk(std::uint64_t seed, std::size_t most) {
  Random random(seed);
  Grammar grammar(beats(), {.canonical = true});
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(beats().size()));
  std::vector<Token> tokens;
  while (!grammar.ended() && tokens.size() < most) {
    grammar.allowed(mask);
    // First a kind, then one of its words, since there are many pitches and chords.
    std::array<std::vector<Token>, token_kind_count> kinds;
    for (Token t = 0; t < beats().size(); ++t) {
      REQUIRE((mask[static_cast<std::size_t>(t)] != 0) == grammar.allows(t));
      if (mask[static_cast<std::size_t>(t)]) kinds[static_cast<std::size_t>(beats()[t].kind)].push_back(t);
    }
    std::vector<std::size_t> open;
    for (std::size_t k = 0; k < kinds.size(); ++k)
      if (!kinds[k].empty()) open.push_back(k);
    INFO(test::text(beats(), tokens));
    REQUIRE_FALSE(open.empty());
    const auto& words = kinds[open[random.below(open.size())]];
    tokens.push_back(words[random.below(words.size())]);
    grammar.advance(tokens.back());
  }
  const Closing end = closing(grammar);
  tokens.resize(tokens.size() - static_cast<std::size_t>(end.drop));
  tokens.insert(tokens.end(), end.tokens.begin(), end.tokens.end());
  return tokens;
}

/// The times of a decoded song's steps, if it has one tempo.
PlacedPlan at_its_tempo(const Plan& plan) {
  return {plan, {0, steps_a_quarter}, {0, microseconds_a_quarter(plan.tempos.at(0).quarters) * 1e-6}};
}

/// What is wrong with a song after decoding and encoding; empty if nothing is.
std::string fault_of_round_trip(const Score& score) {
  PlacedPlan placed = plan_of(analyze(score));
  placed.plan.tempos.resize(1);
  const auto tokens = encode(score, placed, beats()).tokens;
  Grammar grammar(beats(), {.canonical = true});
  for (const Token t : tokens) grammar.advance(t);
  return encode(decode(tokens, beats()), at_its_tempo(placed.plan), beats()).tokens == tokens ? "" : "other tokens";
}

}  // namespace

TEST_CASE("tokens: the words of beats have names, and a number each") {
  for (Token t = 0; t < beats().size(); ++t) CHECK(beats().find(beats().name(t)) == t);
  CHECK(beats().has_beats());
  CHECK(beats().max_steps() == 48);
  CHECK_FALSE(Vocabulary::standard().has_beats());
  CHECK(Vocabulary::from_names(beats().names()) == beats());
  for (const char* name :
       {"|", "KEb", "KEbm", "T96", "F2", "M3/4", "PA", "Pi", "L8", "CG:min", "CN", "CB:sus4", "t48", "R"})
    CHECK(beats().find(name) != no_token);
  for (const char* name : {"KH", "Kebm", "T97", "F4", "M3/5", "P1", "L0", "L65", "CG", "CN:maj", "|0", "t49", "R1"})
    CHECK(beats().find(name) == no_token);
}

TEST_CASE("tokens: a plan stands where it comes into force, and bars where they begin") {
  Plan plan;
  plan.key = 7;  // G major: everything is transposed down by a fifth
  plan.tempos = {{0, 98}};
  plan.meters = {{0, 2}, {1, common_time}};  // 3/4, 4/4
  plan.form = {{'i', 1}, {'A', 2}};
  plan.chords = {{0, transposed_chord(0, 7)}, {60, no_chord}};
  CHECK(encoded({{0, 36, 0, 67, 64}, {42, 90, 0, 69, 64}}, plan) ==
        "^ | KG T96 F2 M3/4 Pi L1 CC:maj +72 v63 i0 t36 "
        "| M4/4 PA L2 CC:maj -72 i0 t6 +74 v63 i0 t18 CN t24 "
        "| t6 -74 i0 $");
}

TEST_CASE("tokens: without a plan there are bars of 4/4") {
  CHECK(encoded({{12, 60, 1, 60, 64}}, {}) == "^ | t12 +60 v63 i1 t36 | t12 -60 i1 $");
  CHECK(encoded({{0, 48, 0, 60, 64}}, {}) == "^ | +60 v63 i0 t48 | -60 i0 $");
  CHECK(encoded({}, {}) == "^ $");
}

TEST_CASE("tokens: phrases end with the bar in which the music does") {
  const std::vector<GridNote> notes{{0, 100, 0, 60, 64}};  // in the third bar
  Plan plan;
  plan.form = {{'A', 2}, {'B', 4}};
  CHECK(encoded(notes, plan) == "^ | PA L2 +60 v63 i0 t48 | t48 | PB L1 t4 -60 i0 $");
  plan.form = {{'A', 2}};
  CHECK(encoded(notes, plan) == "^ | PA L3 +60 v63 i0 t48 | t48 | t4 -60 i0 $");
  plan.form = {{'A', 64}};
  CHECK(encoded({{0, 48 * 70, 0, 60, 64}}, plan).find("PA L6") != std::string::npos);
}

TEST_CASE("tokens: the grammar of beats, rule by rule") {
  const auto allows = [](const std::string& song, const std::string& next) {
    Grammar grammar(beats(), {.canonical = true});
    for (const Token t : test::tokens(beats(), song)) grammar.advance(t);
    return grammar.allows(beats().find(next));
  };
  const std::string bar = "^ | ", note = "^ | +60 v63 i0 ";
  CHECK(allows("^", "|"));
  CHECK(allows("^", "$"));
  CHECK_FALSE(allows("^", "+60"));
  CHECK_FALSE(allows("^", "t1"));
  CHECK_FALSE(allows("^", "KC"));
  SECTION("bars are full, and no longer") {
    CHECK(allows(bar, "t48"));
    CHECK_FALSE(allows(bar, "|"));
    CHECK(allows(note + "t48", "|"));
    for (const char* other : {"t1", "-60", "$", "+62", "CC:maj"}) CHECK_FALSE(allows(note + "t48", other));
    CHECK(allows(bar + "M3/4", "t36"));
    CHECK_FALSE(allows(bar + "M3/4", "t37"));
    CHECK(allows(note + "t48 |", "t12"));
    CHECK_FALSE(allows(note + "t12", "t12"));
  }
  SECTION("the plan has its order, and comes before notes") {
    for (const char* word : {"KC", "T96", "M3/4", "PA", "CC:maj", "t12", "+60"}) CHECK(allows(bar, word));
    for (const char* word : {"F1", "L8", "|"}) CHECK_FALSE(allows(bar, word));
    CHECK(allows(bar + "T96", "F0"));
    for (const char* other : {"M3/4", "+60", "t1", "$", "T96"}) CHECK_FALSE(allows(bar + "T96", other));
    CHECK(allows(bar + "PA", "L8"));
    CHECK_FALSE(allows(bar + "PA", "+60"));
    CHECK_FALSE(allows(bar + "M3/4", "KC"));
    CHECK_FALSE(allows(note, "CC:maj"));
    CHECK_FALSE(allows(note + "t48 |", "KC"));
    CHECK(allows(note + "t48 |", "T96"));
  }
  SECTION("chords come on beats, once") {
    CHECK(allows(note + "t12", "CC:maj"));
    CHECK_FALSE(allows(note + "t6", "CC:maj"));
    CHECK_FALSE(allows(note + "t12 CC:maj", "CF:maj"));
    CHECK_FALSE(allows(note + "t12 -60 i0", "CC:maj"));
    CHECK(allows(bar + "M6/8 t6", "CC:maj"));
  }
  SECTION("a bar repeats where its phrase's letter has come before") {
    const std::string again = "^ | PA L1 +60 v63 i0 t48 | PA L2 ";
    CHECK(allows(again, "R"));
    CHECK(allows(again + "R", "CC:maj"));
    CHECK(allows(again + "t48 |", "R"));
    for (const char* word : {"R", "PB", "T96"}) CHECK_FALSE(allows(again + "R", word));
    for (const std::string song : {"^ | PA L1", "^ | PA L1 +60 v63 i0 t48 | PB L1", "^ |", "^ | PA L1 t48 | PA"})
      CHECK_FALSE(allows(song, "R"));
    for (const char* then : {"CC:maj", "t12", "+62 v63 i0", "-60 i0"}) CHECK_FALSE(allows(again + then, "R"));
    CHECK_FALSE(allows("^ | PA L1 t48 | PA L1 t48 |", "R"));
  }
  SECTION("phrases follow each other") {
    const std::string phrase = "^ | PA L1 +60 v63 i0 ";
    CHECK_FALSE(allows(note + "t48 |", "PA"));  // a song without phrases
    CHECK(allows(phrase + "t48 |", "PB"));
    CHECK(allows(phrase + "t48 |", "-60"));
    for (const char* other : {"+62", "t1", "CC:maj"}) CHECK_FALSE(allows(phrase + "t48 |", other));
    CHECK(allows(phrase + "t48 | -60 i0", "$"));
    CHECK_FALSE(allows("^ | PA L2 +60 v63 i0 t48 |", "PB"));
    CHECK(allows("^ | PA L2 +60 v63 i0 t48 |", "+62"));
  }
}

TEST_CASE("tokens: the grammar of beats has no dead ends, and every walk can be closed anywhere") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto tokens = walk(seed, 1 + seed * 3);
    Grammar grammar(beats(), {.canonical = true});
    for (const Token t : tokens) REQUIRE_NOTHROW(grammar.advance(t));
    REQUIRE(grammar.ended());
  }
}

TEST_CASE("tokens: a song that is cut between two phrases ends its notes there") {
  Grammar grammar(beats(), {.canonical = true});
  for (const Token t : test::tokens(beats(), "^ | PA L1 +60 v63 i0 +64 v63 i0 t48 | -60 i0")) grammar.advance(t);
  CHECK(test::text(beats(), closing(grammar).tokens) == "-64 i0 $");
}

TEST_CASE("tokens: a plan is in the score as tempo, signatures, markers and texts") {
  const auto tokens = test::tokens(
      beats(),
      "^ | KEbm T96 F3 M3/4 PA L1 CA:min +60 v63 i0 t36 | M4/4 T60 F0 PB L1 CC:maj -60 i0 +62 v63 i0 t24 -62 i0 $");
  DecodeReport report;
  const Score score = decode(tokens, beats(), std::vector{25}, &report);
  CHECK(report.stray == 0);
  CHECK(score.tempo.changes() == std::vector<TempoChange>{{0, 606061}, {1440, 1000000}});
  REQUIRE(score.time_signatures.size() == 2);
  CHECK(score.time_signatures[0].numerator == 3);
  CHECK(score.time_signatures[1].tick == 1440);
  CHECK(score.key_signatures == std::vector<KeySignature>{{0, -6, true}});
  CHECK(score.markers == std::vector<Marker>{{0, "A"}, {1440, "B"}});
  CHECK(score.texts == std::vector<MetaEvent>{{0, MetaType::text, "Eb:min"}, {1440, MetaType::text, "Gb:maj"}});
  REQUIRE(score.tracks.size() == 1);
  CHECK(score.tracks[0].program == 25);
  CHECK(score.tracks[0].notes ==
        std::vector<TickNote>{{0, 1440, 54, 63}, {1440, 2400, 56, 63}});  // six semitones lower
  CHECK(score.seconds(score.tracks[0], 2400) == Approx(3 * 0.606061 + 2).epsilon(1e-12));
}

TEST_CASE("tokens: songs in beats survive decoding and encoding") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    Plan plan;
    plan.key = random.between(-1, 23);
    plan.tempos = {{0, random.between(32, 255)}};
    plan.meters = {{0, random.between(0, static_cast<int>(meters.size()) - 1)}};
    if (random.below(2) == 0) plan.form = {{'A', 4}, {'B', 2}, {'A', 4}};
    const int bar = bar_steps(meters[static_cast<std::size_t>(plan.meters[0].meter)]);
    for (int k = 0; k < 5; ++k) plan.chords.push_back({2 * k * bar, k % 2 == 0 ? no_chord : random.between(0, 71)});
    std::vector<GridNote> notes;
    for (int i = 0; i < 100; ++i) {
      const int start = random.between(0, 10 * bar);
      notes.push_back({start, start + random.between(1, 60), static_cast<std::uint8_t>(random.between(0, 1)),
                       static_cast<std::uint8_t>(random.between(30, 90)), 63});
    }
    notes.push_back({0, 12, 0, 60, 63});  // both tracks play
    notes.push_back({0, 12, 1, 60, 63});
    EncodeReport report;
    resolve_overlaps(notes, report);
    plan.repeats = repeated_bars(notes, plan);
    const auto tokens = encode_notes(notes, plan, beats());
    Grammar grammar(beats(), {.canonical = true});
    for (const Token t : tokens) REQUIRE_NOTHROW(grammar.advance(t));

    const Encoded again = encode(decode(tokens, beats()), at_its_tempo(plan), beats());
    REQUIRE(test::text(beats(), again.tokens) == test::text(beats(), tokens));
  }
}

TEST_CASE("tokens: a song without a plan gets what its notes tell") {
  std::vector<Note> notes;  // C F G C, half a bar each, 120 quarters a minute
  for (int bar = 0; bar < 16; ++bar)
    for (int half = 0; half < 2; ++half)
      for (const int third : {0, 4, 7}) {
        constexpr std::array roots{60, 65, 67, 60};
        const double start = 2.0 * bar + half;
        notes.push_back({start, start + 0.95, roots[static_cast<std::size_t>(2 * (bar % 2) + half)] + third, 80, 0});
      }
  const Score score = Score::from_notes(notes, {}, TempoMap(480));
  const std::string song = test::text(beats(), encode(score, plan_of(analyze(score)), beats()).tokens);
  CHECK(song.starts_with("^ | KC T120 F0 M4/4 P"));
  CHECK(song.find("CF:maj") != std::string::npos);
  CHECK(song.find("CG:maj") != std::string::npos);
  CHECK_THROWS_WITH(encode(score, beats()), "encode: a song in the language of beats needs a plan");

  std::vector<Note> played;  // off every grid
  Random random(3);
  double time = 0;
  for (int i = 0; i < 300; ++i) played.push_back({time += 0.05 + 0.4 * random.uniform(), time + 0.3, 60, 80, 0});
  CHECK_THROWS_WITH(plan_of(analyze(Score::from_notes(played))), Catch::StartsWith("no beat: "));
}

TEST_CASE("tokens: every POP909 file with a beat goes through the language of beats and back") {
  const auto folder = test::pop909_dir();
  if (!folder) return test::skip("no POP909 here");
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*folder))
    if (has_midi_extension(entry.path())) files.push_back(entry.path());
  REQUIRE_FALSE(files.empty());
  std::vector<std::string> faults(files.size());
  thread_pool().parallel_for(static_cast<std::int64_t>(files.size()), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    try {
      faults[at] = fault_of_round_trip(read_midi(files[at]));
    } catch (const Error& error) {
      if (!std::string(error.what()).starts_with("no beat")) faults[at] = error.what();
    }
  });
  for (std::size_t i = 0; i < files.size(); ++i)
    if (!faults[i].empty()) FAIL_CHECK(files[i].string() << ": " << faults[i]);
}
