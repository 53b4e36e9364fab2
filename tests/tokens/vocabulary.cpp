#include <algorithm>
#include <catch.hpp>
#include <musicgen/tokens/vocabulary.hpp>
#include <set>

#include "songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("tokens: the standard vocabulary has 405 words, each with a number and a text of its own") {
  const auto vocabulary = Vocabulary::standard();
  REQUIRE(vocabulary.size() == 405);
  std::set<std::string> names;
  for (Token t = 0; t < vocabulary.size(); ++t) {
    const TokenEvent m = vocabulary[t];
    CHECK(vocabulary.find(m.kind, m.value) == t);
    CHECK(vocabulary.find(vocabulary.name(t)) == t);
    names.insert(vocabulary.name(t));
  }
  CHECK(names.size() == 405);
  CHECK(vocabulary.name(vocabulary.note_on(60)) == "+60");
  CHECK(vocabulary.name(vocabulary.note_off(0)) == "-0");
  CHECK(vocabulary.name(vocabulary.velocity(127)) == "v127");
  CHECK(vocabulary.name(vocabulary.track(15)) == "i15");
  CHECK(vocabulary.name(vocabulary.time(100)) == "t100");
  CHECK(vocabulary.name(vocabulary.start()) == "^");
  CHECK(vocabulary.name(vocabulary.end()) == "$");
}

TEST_CASE("tokens: what is no word has no number") {
  const auto vocabulary = Vocabulary::standard();
  for (const std::string text : {"",    "+",   "+128", "-128", "+-1", "+07", "+ 7", "+7 ", "v9",          "v64", "v128",
                                 "i16", "i-1", "t0",   "t101", "^0",  "$$",  "x1",  "60",  "+9999999999", "t1.5"}) {
    INFO(text);
    CHECK(vocabulary.find(text) == no_token);
  }
  CHECK(vocabulary.find("v63") != no_token);
  CHECK(vocabulary.note_on(-1) == no_token);
  CHECK(vocabulary.note_on(128) == no_token);
  CHECK(vocabulary.track(16) == no_token);
  CHECK(vocabulary.time(0) == no_token);
  CHECK(vocabulary.velocity(64) == no_token);
}

TEST_CASE("tokens: any order and subset of the words is a vocabulary") {
  auto names = Vocabulary::standard().names();
  std::reverse(names.begin(), names.end());
  std::erase_if(names, [](const std::string& t) { return t == "+3" || t == "v10" || t == "i9"; });
  const auto vocabulary = Vocabulary::from_names(names);
  CHECK(vocabulary.size() == 402);
  CHECK(vocabulary.names() == names);
  CHECK(vocabulary[0] == TokenEvent{TokenKind::end, 0});
  CHECK(vocabulary.note_on(3) == no_token);
  CHECK(vocabulary.note_off(3) != no_token);
  CHECK_FALSE(vocabulary == Vocabulary::standard());
  CHECK(vocabulary == Vocabulary::from_names(names));
}

TEST_CASE("tokens: a vocabulary that cannot serve is refused, with the word that is at fault") {
  const auto standard = Vocabulary::standard().names();
  const auto without = [&](auto leaves) {
    auto names = standard;
    std::erase_if(names, leaves);
    return names;
  };
  const auto with = [&](const std::string& word) {
    auto names = standard;
    names.push_back(word);
    return names;
  };
  CHECK_THROWS_WITH(Vocabulary::from_names(with("hello")), Catch::Contains("\"hello\""));
  CHECK_THROWS_WITH(Vocabulary::from_names(with("v65")), Catch::Contains("\"v65\""));
  CHECK_THROWS_WITH(Vocabulary::from_names(with("+60")), Catch::Contains("\"+60\" appears twice"));
  for (const std::string word : {"^", "$", "t1", "t57", "t100"})
    CHECK_THROWS_WITH(Vocabulary::from_names(without([&](const std::string& t) { return t == word; })),
                      Catch::Contains("\"" + word + "\""));
  CHECK_THROWS_WITH(Vocabulary::from_names(without([](const std::string& t) { return t[0] == 'v'; })),
                    Catch::Contains("velocity"));
  CHECK_THROWS_WITH(Vocabulary::from_names(without([](const std::string& t) { return t[0] == 'i'; })),
                    Catch::Contains("track"));
}

TEST_CASE("tokens: the tokens of a kind are there, by value") {
  const auto standard = Vocabulary::standard(), holes = vocabulary_with_holes();
  for (const Vocabulary& vocabulary : {standard, holes}) {
    std::size_t count = 0;
    for (std::size_t kind = 0; kind < token_kind_count; ++kind) {
      int before = -1;
      for (const Token token : vocabulary.tokens(static_cast<TokenKind>(kind))) {
        CHECK(vocabulary[token].kind == static_cast<TokenKind>(kind));
        CHECK(vocabulary[token].value > before);
        before = vocabulary[token].value;
        ++count;
      }
    }
    CHECK(count == static_cast<std::size_t>(vocabulary.size()));
  }
  CHECK(holes.tokens(TokenKind::track).size() == 3);
  CHECK(holes.name(holes.tokens(TokenKind::velocity)[0]) == "v31");
}

TEST_CASE("tokens: a number that is in no vocabulary has no name") {
  const auto vocabulary = Vocabulary::standard();
  CHECK_THROWS_WITH(vocabulary.name(-1), "token -1: the vocabulary has 405 tokens");
  CHECK_THROWS_WITH(vocabulary.name(405), "token 405: the vocabulary has 405 tokens");
}

TEST_CASE("tokens: velocities fall into 31 bins around multiples of 127/32") {
  CHECK(velocity_values.size() == 31);
  CHECK(velocity_values.front() == 10);
  CHECK(velocity_values.back() == 127);
  CHECK(std::is_sorted(velocity_values.begin(), velocity_values.end()));
  for (int v = 1; v <= 127; ++v) {
    INFO(v);
    const int quantized = quantized_velocity(v);
    CHECK(std::count(velocity_values.begin(), velocity_values.end(), quantized) == 1);
    CHECK(quantized_velocity(quantized) == quantized);
    if (v >= 10) CHECK(std::abs(quantized - v) <= 2.5);
    if (v < 127) CHECK(quantized <= quantized_velocity(v + 1));
  }
  CHECK(quantized_velocity(1) == 10);
  CHECK(quantized_velocity(11) == 11);
  CHECK(quantized_velocity(64) == 63);
  CHECK(quantized_velocity(-5) == 10);
  CHECK(quantized_velocity(1000) == 127);
}
