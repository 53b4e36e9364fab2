#include <algorithm>
#include <catch.hpp>
#include <musicgen/tokens/grammar.hpp>

#include "grammar_tools.hpp"
#include "songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

struct Rule {
  std::string name, song, allowed, refused;
  std::string refused_by_canonical = "";
};

const std::vector<Rule> rules{
    {"before ^ only ^", "", "^", "$ +60 -60 v63 i0 t1 t100"},
    {"no leading time", "^", "+0 +127 $", "^ -60 v63 i0 t1 t100"},
    {"after +p only a velocity", "^ +60", "v10 v63 v127", "^ $ +60 +61 -60 i0 t1"},
    {"after vN only a track", "^ +60 v63", "i0 i15", "^ $ +60 -60 v63 t1"},
    {"no track that sounds the pitch", "^ +60 v63 i3 t1 +60 v63", "i0 i2 i4 i15", "i3"},
    {"a note that sounds keeps $ away", "^ +60 v63 i0", "+60 +61 t1 t100", "^ $ v63 i0 -60"},
    {"an off needs a time step since the on", "^ +60 v63 i0 t1", "-60 +60 +61", "-61 $ t1"},
    {"on this track, not on another", "^ +60 v63 i0 t1 +60 v63 i1", "+61 t5", "$", "-60"},
    {"after -p only a track that sounds it", "^ +60 v63 i0 +60 v63 i2 t1 -60", "i0 i2", "i1 i3 v63 +60 -60 t1 ^ $"},
    {"and not since this step", "^ +60 v63 i4 t1 -60 i4 +60 v63 i0", "+61 t5", "-60 $"},
    {"after t1..t99 no time", "^ +60 v63 i0 t99", "-60 +61", "t1 t99 t100 $"},
    {"after t100 any time", "^ +60 v63 i0 t100", "t1 t99 t100 -60 +61", "$"},
    {"after a note event time again", "^ +60 v63 i0 t5 -60 i0", "t5 +60 +61 $", "-60"},
    {"struck again in the step of its end", "^ +60 v63 i0 t5 -60 i0 +60 v63", "i0 i1", "+60"},
    {"after $ nothing", "^ $", "", "^ $ +60 -60 v63 i0 t1"},
    {"silence, then the end", "^ +60 v63 i0 t5 -60 i0 t7", "+60", "-60 t7", "$"},
    {"a long silence, then the end", "^ +60 v63 i0 t5 -60 i0 t100", "+60 t100 t3", "-60", "$"},

    {"ons by track, then pitch", "^ +60 v63 i3", "+0 +59 +60 +61 +127 t1", "$"},
    {"a lower pitch only on a later track", "^ +60 v63 i3 +59 v63", "i4 i15", "", "i0 i2 i3"},
    {"a higher pitch on the same track too", "^ +60 v63 i3 +61 v63", "i3 i4 i15", "", "i0 i2"},
    {"after the last track no lower pitch", "^ +60 v63 i15", "+61 t1", "", "+0 +59"},
    {"after the last pair only time", "^ +127 v63 i15", "t1", "$ -127", "+0 +126"},
    {"offs by track, then pitch", "^ +60 v63 i0 +62 v63 i0 +50 v63 i1 +62 v63 i1 t1 -62 i0", "-50 -62 +0 +62 t1", "$",
     "-60"},
    {"a track that comes after", "^ +60 v63 i0 +60 v63 i1 +60 v63 i2 t1 -60 i1 -60", "i2", "i1 i3", "i0"},
    {"offs before ons", "^ +60 v63 i0 t1 +61 v63 i0", "+60 +61 +62 t1", "$", "-60"},
    {"a new step, a new order", "^ +60 v63 i9 +61 v63 i9 t1 +70 v63 i9 t1 -61 i9 t1", "-60 -70 +0 +60", "$ t1"},
};

}  // namespace

TEST_CASE("tokens: the grammar, rule by rule") {
  const auto vocabulary = Vocabulary::standard();
  for (const Rule& rule : rules)
    for (const bool canonical : {false, true}) {
      INFO(rule.name << (canonical ? ", canonical" : ""));
      const Grammar grammar = after(vocabulary, canonical, tokens(vocabulary, rule.song));
      const auto all = allowed_tokens(grammar);
      const auto check = [&](const std::string& words, bool expected) {
        for (const Token token : tokens(vocabulary, words)) {
          INFO(vocabulary.name(token));
          CHECK(grammar.allows(token) == expected);
          CHECK((std::count(all.begin(), all.end(), token) == 1) == expected);
        }
      };
      check(rule.allowed, true);
      check(rule.refused, false);
      check(rule.refused_by_canonical, !canonical);
      CHECK_FALSE(grammar.allows(-1));
      CHECK_FALSE(grammar.allows(vocabulary.size()));
    }
}

TEST_CASE("tokens: the grammar refuses a token by name, says what it expected, and stays as it was") {
  const auto vocabulary = Vocabulary::standard();
  Grammar grammar = after(vocabulary, false, tokens(vocabulary, "^ +60 v63 i0 t5 -60"));
  const auto refusal = [&](Token token) -> std::string {
    try {
      grammar.advance(token);
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  };
  CHECK(refusal(vocabulary.velocity(63)) == "grammar: token 6, \"v63\", cannot come here; expected \"i0\"");
  CHECK(refusal(vocabulary.track(1)) == "grammar: token 6, \"i1\", cannot come here; expected another such as \"i0\"");
  CHECK(refusal(999) == "grammar: token 6, 999, cannot come here; expected \"i0\"");
  CHECK(grammar.position() == 6);
  grammar.advance(vocabulary.track(0));
  CHECK(refusal(vocabulary.note_off(60)) ==
        "grammar: token 7, \"-60\", cannot come here; expected \"+0\" (one of 128), \"t1\" (one of 100), \"$\"");
  grammar.advance(vocabulary.end());
  CHECK(refusal(vocabulary.end()) == "grammar: token 8, \"$\", cannot come here; expected nothing more");
  CHECK_THROWS_AS(grammar.allowed(std::span<std::uint8_t>{}), Error);
}

TEST_CASE("tokens: the grammar knows the time, what sounds, and where groups stand") {
  const auto vocabulary = Vocabulary::standard();
  Grammar grammar(vocabulary);
  CHECK_FALSE(grammar.started());
  CHECK_FALSE(grammar.at_free_position());
  for (const Token t : tokens(vocabulary, "^ +60 v63 i1 +72 v63 i0 t100 t7")) grammar.advance(t);
  CHECK(grammar.started());
  CHECK(grammar.at_free_position());
  CHECK(grammar.steps() == 107);
  CHECK(grammar.time_tokens() == 2);
  CHECK(grammar.sounding() == 2);
  CHECK(grammar.is_sounding(60, 1));
  CHECK_FALSE(grammar.is_sounding(60, 0));
  std::vector<std::pair<int, int>> pairs;
  grammar.for_each_sounding([&](int pitch, int track) { pairs.push_back({pitch, track}); });
  CHECK(pairs == std::vector<std::pair<int, int>>{{72, 0}, {60, 1}});

  const Grammar snapshot = grammar;
  for (const Token t : tokens(vocabulary, "-60 i1 +48 v63")) grammar.advance(t);
  CHECK(grammar.sounding() == 1);
  CHECK(grammar.group_length() == 2);
  CHECK(grammar.time_tokens() == 0);
  CHECK_FALSE(grammar.at_free_position());
  grammar = snapshot;
  CHECK(grammar.sounding() == 2);
  CHECK(grammar.allows(vocabulary.note_off(60)));
  CHECK_FALSE(grammar.ended());
}

TEST_CASE("tokens: closing a song adds the least that ends it") {
  const auto vocabulary = Vocabulary::standard();
  const auto closed = [&](const std::string& song) {
    auto all = tokens(vocabulary, song);
    add_closing(all, after(vocabulary, true, all));
    return text(vocabulary, all);
  };
  CHECK(closed("") == "^ $");
  CHECK(closed("^") == "^ $");
  CHECK(closed("^ $") == "^ $");
  CHECK(closed("^ +60") == "^ $");
  CHECK(closed("^ +60 v63") == "^ $");
  CHECK(closed("^ +60 v63 i0") == "^ +60 v63 i0 t1 -60 i0 $");
  CHECK(closed("^ +60 v63 i0 t9") == "^ +60 v63 i0 t9 -60 i0 $");
  CHECK(closed("^ +60 v63 i0 t9 -60") == "^ +60 v63 i0 t9 -60 i0 $");
  CHECK(closed("^ +60 v63 i0 t9 -60 i0") == "^ +60 v63 i0 t9 -60 i0 $");
  CHECK(closed("^ +60 v63 i0 t9 -60 i0 t100 t100 t3") == "^ +60 v63 i0 t9 -60 i0 $");
  CHECK(closed("^ +60 v63 i0 t9 -60 i0 t100 +60 v63") == "^ +60 v63 i0 t9 -60 i0 $");
  CHECK(closed("^ +60 v63 i0 +72 v63 i0 +50 v63 i1 t9 -72 i0 +72") ==
        "^ +60 v63 i0 +72 v63 i0 +50 v63 i1 t9 -72 i0 t1 -60 i0 -50 i1 $");
}

TEST_CASE("tokens: what is forbidden halfway spares the notes that sound") {
  const auto vocabulary = Vocabulary::standard();
  for (const bool canonical : {false, true}) {
    const auto begun = after(vocabulary, canonical, tokens(vocabulary, "^ +60 v63 i2 +64 v63 i2 t10"));
    const auto advance = [&](Grammar grammar, const std::string& words) {
      for (const Token t : tokens(vocabulary, words)) grammar.advance(t);
      return grammar;
    };
    Grammar grammar = begun;
    grammar.forbid(mask_of(vocabulary, [](TokenEvent m) { return m.kind == TokenKind::track && m.value > 1; }));
    CHECK(grammar.canonical() == canonical);
    CHECK(allowed_tokens(advance(grammar, "-60")) == tokens(vocabulary, "i2"));
    CHECK(advance(grammar, "-60 i2 t5 -64 i2 $").ended());
    CHECK(advance(grammar, "-60 i2 +60 v63 i1").at_free_position());
    CHECK_THROWS_AS(advance(grammar, "-60 i2 +60 v63 i2"), Error);
    grammar.forbid({});
    CHECK(advance(grammar, "-60 i2 +60 v63 i2").at_free_position());

    grammar = begun;
    grammar.forbid(
        mask_of(vocabulary, [](TokenEvent m) { return m.kind != TokenKind::time && m.kind != TokenKind::end; }));
    CHECK(advance(grammar, "-60 i2 -64 i2 $").ended());
    // Something must follow a canonical gap.
    CHECK(advance(grammar, "-60 i2").allows(vocabulary.time(1)));
    CHECK(advance(grammar, "-60 i2 -64 i2").allows(vocabulary.time(1)) == !canonical);
  }
}

TEST_CASE("tokens: forbidding so much that nothing could come is an error") {
  const auto vocabulary = Vocabulary::standard();
  const auto refused = [&](const std::string& song, bool canonical, const std::function<bool(TokenEvent)>& forbidden) {
    Grammar grammar = after(vocabulary, canonical, tokens(vocabulary, song));
    try {
      grammar.forbid(mask_of(vocabulary, forbidden));
    } catch (const Error&) {
      return true;
    }
    return false;
  };
  const auto times = [](TokenEvent m) { return m.kind == TokenKind::time; };
  const auto notes = [](TokenEvent m) { return m.kind == TokenKind::note_on; };
  const auto notes_and_end = [](TokenEvent m) { return m.kind == TokenKind::note_on || m.kind == TokenKind::end; };
  CHECK(refused("^", false, times));
  CHECK(refused("^", false, notes_and_end));
  CHECK_FALSE(refused("^", true, notes));
  // After a gap in silence the canonical grammar requires a note.
  CHECK(refused("^ +60 v63 i0 t5 -60 i0 t5", true, notes));
  CHECK(refused("^ +60 v63 i0 t5 -60 i0 t100", true, notes));
  CHECK_FALSE(refused("^ +60 v63 i0 t5 -60 i0 t5", false, notes));
  CHECK_FALSE(refused("^ +60 v63 i0 t5", true, notes));
  // Not in the middle of a note.
  CHECK(refused("^ +60", false, [](TokenEvent) { return false; }));
  CHECK(refused("^ +60 v63", false, [](TokenEvent) { return false; }));

  const std::vector<std::uint8_t> short_mask(404);
  CHECK_THROWS_AS(Grammar(vocabulary, {.forbidden = short_mask}), Error);
}
