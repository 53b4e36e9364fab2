#include "musicgen/sample/processors/max_note_length.hpp"

#include <algorithm>
#include <catch.hpp>
#include <chrono>
#include <cmath>
#include <map>
#include <musicgen/core/random.hpp>
#include <string>

#include "sample/puppet.hpp"
#include "tokens/grammar_tools.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

const Vocabulary vocabulary = Vocabulary::standard();

/// A song so far, and what may come next.
struct Followed {
  /// @param longest  hundredths of a second; 0: any
  Followed(std::int64_t longest, const std::string& words, bool canonical = true)
      : grammar(vocabulary, {.canonical = canonical}), limit(limit_of(longest)) {
    follow(words);
  }
  static MaxNoteLength limit_of(std::int64_t longest) {
    if (longest == 0) return {};
    return {std::chrono::milliseconds(10 * longest)};
  }
  void follow(const std::string& words) {
    for (const Token token : tokens(vocabulary, words)) {
      REQUIRE(allowed()[static_cast<std::size_t>(token)] == 1);
      grammar.advance(token);
    }
  }
  void advance(Token token) { grammar.advance(token); }
  std::vector<std::uint8_t> allowed() const {
    std::vector<std::uint8_t> mask(static_cast<std::size_t>(vocabulary.size()));
    grammar.allowed(mask);
    std::vector<double> logits(mask.size(), Logits::forbidden);
    for (std::size_t v = 0; v < mask.size(); ++v)
      if (mask[v]) logits[v] = 0;
    limit.apply(Logits(logits, vocabulary, &grammar.rules()), grammar.song());
    for (std::size_t v = 0; v < mask.size(); ++v) mask[v] = logits[v] == 0;
    return mask;
  }
  /// The names of the allowed tokens that begin with one of the `leading` characters.
  std::string names(const std::string& leading) const {
    std::string all;
    const auto mask = allowed();
    for (Token t = 0; t < vocabulary.size(); ++t)
      if (const std::string text = vocabulary.name(t);
          mask[static_cast<std::size_t>(t)] && leading.find(text[0]) != std::string::npos)
        all += (all.empty() ? "" : " ") + text;
    return all;
  }

  Grammar grammar;
  MaxNoteLength limit;
};

}  // namespace

TEST_CASE("max note length: no gap leads beyond the time of a note") {
  Followed song(150, "^ +60 v79 i0 t100");
  CHECK(song.names("-") == "-60");
  CHECK(song.names("t").starts_with("t1 t2 "));
  CHECK(song.names("t").ends_with(" t49 t50"));
  song.follow("t30 +62 v79 i0");
  CHECK(song.names("t").ends_with(" t19 t20"));  // of the older one
}

TEST_CASE("max note length: a note whose time is over ends before anything else") {
  Followed song(150, "^ +60 v79 i0 +60 v79 i1 t100 +64 v79 i0 t50");
  CHECK(song.names("+-t$") == "-60");
  song.follow("-60");
  CHECK(song.names("i") == "i0");  // the first of two
  song.follow("i0");
  CHECK(song.names("+-t$") == "-60");
  song.follow("-60 i1");
  CHECK(song.names("t").ends_with(" t99 t100"));
}

TEST_CASE("max note length: of notes that end together the first in order comes first, whichever began first") {
  Followed song(100, "^ +72 v79 i0 t1 +40 v79 i0 t99");
  CHECK(song.names("+-t$") == "-72");
  Followed other(100, "^ +40 v79 i1 +72 v79 i0 t100", false);
  CHECK(other.names("+-t$") == "-72");  // by track, then pitch
}

TEST_CASE("max note length: a note of a prompt that is over is ended as soon as can be") {
  Followed song(0, "^ +60 v79 i0 t100 t100 +62 v79 i0");  // no off may come now, by the canonical order
  song.limit = Followed::limit_of(150);
  CHECK(song.names("-") == "");
  CHECK(song.names("t") == "t1");
  song.follow("t1");
  CHECK(song.names("+-t$") == "-60");
}

TEST_CASE("max note length: of a pitch on two tracks the first in order ends first, and a young one is left alone") {
  Followed late(150, "^ +60 v79 i1 t10 +60 v79 i0", true);
  for (const Token token : tokens(vocabulary, "t100 t100")) late.advance(token);
  CHECK(late.names("+-t$") == "-60");
  late.follow("-60");
  CHECK(late.names("i") == "i0");
  late.follow("i0");
  CHECK(late.names("+-t$") == "-60");

  Followed young(150, "^ +60 v79 i0 +65 v79 i0 t100 +60 v79 i2");
  for (const Token token : tokens(vocabulary, "t100 -65 i0")) young.advance(token);  // now (60, 0) has missed its turn
  CHECK(young.names("t") == "t1");
  CHECK(young.names("-") == "-60");  // on track 2, if the model likes
}

TEST_CASE("max note length: without one everything stays") {
  Followed song(0, "^ +60 v79 i0 t100 t100 t100 t100");
  CHECK(song.names("t").ends_with("t100"));
  CHECK(song.names("+").size() > 100);
}

TEST_CASE("max note length: random songs never get stuck and keep it") {
  for (const bool canonical : {true, false}) {
    Random random(canonical ? 1 : 2);
    for (int number = 0; number < 30; ++number) {
      Followed song(100 + 40 * (number % 4), "^", canonical);
      std::map<std::pair<int, int>, std::int64_t> since;
      int pitch = 0;
      for (int i = 0; i < 1500 && !song.grammar.ended(); ++i) {
        const auto mask = song.allowed();
        std::vector<Token> choices;
        for (Token t = 0; t < vocabulary.size(); ++t)
          if (mask[static_cast<std::size_t>(t)] && vocabulary[t].kind != TokenKind::end) choices.push_back(t);
        REQUIRE(!choices.empty());
        const Token token = choices[random.below(choices.size())];
        song.advance(token);
        const TokenEvent m = vocabulary[token];
        if (m.kind == TokenKind::note_on || m.kind == TokenKind::note_off) pitch = m.value;
        if (m.kind != TokenKind::track) continue;
        if (song.grammar.is_sounding(pitch, m.value))
          since[{pitch, m.value}] = song.grammar.steps();
        else
          REQUIRE(song.grammar.steps() - since[{pitch, m.value}] <= 100 + 40 * (number % 4));
      }
      song.grammar.for_each_sounding([&](int p, int track) {
        CHECK(song.grammar.steps() - since[{p, track}] <= 100 + 40 * (number % 4));
      });
    }
  }
}

TEST_CASE("max note length: has no effect without the grammar") {
  std::vector<double> zeros(405);
  CHECK(processed(MaxNoteLength{std::chrono::seconds(1)}, zeros, "^ +60 v79 i0 t100 t100") == zeros);
}

TEST_CASE("max note length: settings out of range are errors that name them") {
  check_refused(MaxNoteLength{std::chrono::milliseconds(500)}, "max_note_length");
  check_refused(MaxNoteLength{std::chrono::duration<double>(NAN)}, "max_note_length");
}
