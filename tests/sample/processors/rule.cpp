#include <musicgen/sample/processors/rule.hpp>

#include <array>
#include <catch.hpp>
#include <chrono>
#include <musicgen/sample/processors/key.hpp>

#include "sample/listening.hpp"
#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;
using namespace std::chrono_literals;

TEST_CASE("rule: gaps on a coarser grid end a song in time") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const Forbid between_tenths{[](TokenEvent m) { return m.kind == TokenKind::time && m.value % 10 != 0; }};
  Sampler sampler(untrained(), between_tenths);
  for (const GeneratedSong& song : sampler.generate(20, 1234ms)) {
    const ReadSong reading = read_by_the_rules(song.tokens, vocabulary, true);
    CHECK(reading.fault == "");
    for (const StepNote& n : reading.notes) {
      CHECK(n.start % 10 == 0);
      CHECK(n.end % 10 == 0);
    }
    CHECK(song.score.duration() <= 1.31);  // what began at 1.2 s lasts a tenth
  }
}

TEST_CASE("rule: a song without an end lasts until it is cut, and notes end whatever is forbidden") {
  const Vocabulary vocabulary = Vocabulary::standard();
  Sampler endless(untrained(), Forbid{[](TokenEvent m) { return m.kind == TokenKind::end; }});
  for (const GeneratedSong& song : endless.generate(5, Length::in_tokens(400))) CHECK(song.tokens.size() > 390);

  Sampler held(untrained(), Forbid{[](TokenEvent m) { return m.kind == TokenKind::note_off; }});
  std::size_t ended = 0;
  for (int i = 0; i < 600; ++i) ended += vocabulary[held.next()].kind == TokenKind::note_off;
  CHECK(ended > 0);
}

TEST_CASE("rule: those that leave no note to play are errors") {
  const Model<> model = untrained();
  const auto of_kind = [](TokenKind kind) { return Forbid{[kind](TokenEvent m) { return m.kind == kind; }}; };
  for (const bool grammar : {true, false}) {
    const SamplerOptions options{.grammar = grammar};
    CHECK_THROWS_WITH(Sampler(model, Tracks(std::array<int, 0>()), options), Catch::Contains("no note to play"));
    if (grammar)  // the model knows three tracks
      CHECK_THROWS_WITH(Sampler(model, Tracks(std::array{3}), options), Catch::Contains("no note to play"));
    CHECK_THROWS_WITH(Sampler(model, PitchRange{72, 48}, options), Catch::Contains("no note to play"));
    CHECK_THROWS_WITH(Sampler(model, Forbid{[](TokenEvent) { return true; }}, options), Catch::Contains("forbidden"));
    CHECK_THROWS_WITH(Sampler(model, of_kind(TokenKind::time), options), Catch::Contains("every time token"));
    CHECK_THROWS_WITH(Sampler(model, of_kind(TokenKind::velocity), options), Catch::Contains("no note to play"));
    CHECK_NOTHROW(Sampler(model, PitchRange{}, options));
  }
}

TEST_CASE("rule: a function as a processor") {
  Puppet puppet(Rule([](Logits logits, const SongState&) {
    for (int pitch = 0; pitch < 64; ++pitch) logits.forbid(logits.vocabulary().note_on(pitch));
  }));
  const std::string first = puppet.choose("+63");
  CHECK(first[0] == '+');
  CHECK(std::stoi(first.substr(1)) >= 64);
}

TEST_CASE("rule: a prompt may have what is forbidden, what follows may not") {
  Puppet puppet(Key{0}, "^ +61 v79 i0 t50");
  puppet.follow("-61 i0 t20");
  CHECK(puppet.choose("+63") != "+63");
  CHECK(Puppet(Chain<>(), "^ +61 v79 i0 t50 -61 i0 t20").choose("+63") == "+63");
}
