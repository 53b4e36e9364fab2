#include <musicgen/sample/song_writer.hpp>

#include <algorithm>
#include <catch.hpp>
#include <cmath>
#include <cstdint>
#include <musicgen/sample/processors/max_note_length.hpp>
#include <musicgen/sample/processors/rule.hpp>
#include <string>
#include <vector>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

const Vocabulary& vocabulary = Puppet::vocabulary;
const std::vector<float> even(405);

Puppet plainly(const std::string& given = "^", const SamplerOptions& options = {}) {
  return Puppet(Chain<>(), given, options);
}

}  // namespace

TEST_CASE("song writer: knows the notes that end, the time and the end") {
  Puppet puppet;
  CHECK(puppet.song.last == vocabulary.start());
  puppet.follow("+60 v79 i2 t50");
  CHECK_FALSE(puppet.song.step.ended);
  CHECK(puppet.song.state.steps() == 50);
  CHECK(puppet.song.state.is_sounding(60, 2));
  puppet.follow("-60 i2");
  REQUIRE(puppet.song.step.ended);
  CHECK(*puppet.song.step.ended == Note{0, 0.5, 60, 79, 2});
  CHECK_FALSE(puppet.song.state.ended());
  puppet.follow("$");
  CHECK_FALSE(puppet.song.step.ended);
  CHECK(puppet.song.state.ended());
  CHECK(puppet.song.at_limit({}));
}

TEST_CASE("song writer: chooses what the grammar allows, whatever the model wants") {
  CHECK(plainly().choose("-60") != "-60");
  CHECK(plainly("^ +60 v79 i2").choose("$") != "$");
  CHECK(plainly("^ +60 v79 i2", {.grammar = false}).choose("$") == "$");
}

TEST_CASE("song writer: where the end waits, it comes when its time has come") {
  const Limit limit{.steps = 100, .end_waits = true};
  CHECK(plainly("^ +60 v79 i0 t50 -60 i0").choose("$", limit) != "$");
  CHECK(plainly("^ +60 v79 i0 t50 -60 i0").choose("$", {.steps = 100}) == "$");
  CHECK(plainly("^ +60 v79 i0 t100 -60 i0").choose("$", limit) == "$");
}

TEST_CASE("song writer: a gap is cut at the limit") {
  Puppet puppet = plainly("^ +60 v79 i0 t50 -60 i0 +62 v79 i0");
  const Limit limit{.steps = 80};
  CHECK_FALSE(puppet.song.at_limit(limit));
  CHECK(puppet.choose("t90", limit) == "t30");
  CHECK(puppet.song.at_limit(limit));
  const Puppet fits = plainly("^ +60 v79 i0 t50");
  CHECK(fits.song.at_limit({.tokens = 5}));
  CHECK_FALSE(fits.song.at_limit({.tokens = 6}));
}

TEST_CASE("song writer: the log-probability is the model's own of the token taken, a cut gap's too") {
  std::vector<float> logits(405);
  double sum = 404;
  logits[static_cast<std::size_t>(vocabulary.time(90))] = 20;
  logits[static_cast<std::size_t>(vocabulary.time(30))] = 3;
  sum += std::exp(20.0) + std::exp(3.0) - 1;
  const Rule likelier([](Logits x, const SongState&) { x.add(TokenKind::time, 2); });
  Puppet puppet(likelier, "^ +60 v79 i0", {.temperature = 0.5f});
  const SongInProgress before = puppet.song;
  CHECK(puppet.choose(logits) == vocabulary.time(90));
  CHECK(puppet.song.log_probability == Approx(20 - std::log(sum)));
  puppet.song = before;
  CHECK(puppet.choose(logits, {.steps = 30}) == vocabulary.time(30));
  CHECK(puppet.song.log_probability == Approx(3 - std::log(sum)));
}

TEST_CASE("song writer: a gap that is forbidden gives way to a shorter one, or the song is over") {
  const Forbid between_tens{[](TokenEvent m) { return m.kind == TokenKind::time && m.value % 10; }};
  Puppet puppet(between_tens, "^ +60 v79 i0 t50 -60 i0 +62 v79 i0");
  CHECK(puppet.choose("t90", {.steps = 75}) == "t20");
  CHECK(puppet.choose("-62", {.steps = 75}) == "-62");
  CHECK(puppet.choose("i0", {.steps = 75}) == "i0");
  CHECK(puppet.choose("t90", {.steps = 75}) == "");
  CHECK(puppet.song.at_limit({.steps = 75}));
}

TEST_CASE("song writer: logits that are not finite are an error, and change nothing") {
  Puppet puppet = plainly("^ +60 v79 i0");
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    std::vector<float> logits(405);
    logits[3] = bad;
    CHECK_THROWS_WITH(puppet.choose(logits), Catch::Contains("not finite"));
  }
  CHECK(puppet.song.state.position() == 4);
}

TEST_CASE("song writer: what a rule forbids stays forbidden, and a rest is always possible") {
  const Rule silence([](Logits logits, const SongState&) { logits.forbid(TokenKind::note_on); });
  // After a rest only note ons may come by the canonical grammar.
  Puppet after_rest(silence, "^ +60 v79 i0 t50 -60 i0 t37");
  CHECK(after_rest.choose("+60")[0] == 't');
  CHECK(after_rest.choose("t50") == "t50");
  CHECK(after_rest.song.irregular);
  CHECK(after_rest.song.state.steps() > 137);
  // At the beginning the end might have come.
  Puppet at_first(Chain(silence, Rule([](Logits logits, const SongState&) { logits.forbid(vocabulary.end()); })));
  CHECK(at_first.choose("t50") == "t50");
  // Inside a note's tokens, that note is given up.
  Puppet in_note(Rule([](Logits logits, const SongState&) { logits.forbid(TokenKind::track); }), "^ +60 v79");
  CHECK(in_note.choose("t50") == "t50");
  CHECK(in_note.song.state.sounding() == 0);
  CHECK(in_note.song.state.group_length() == 0);
}

TEST_CASE("song writer: notes that sound can always be ended") {
  Puppet puppet(Rule([](Logits logits, const SongState&) {
                  for (Token t = 0; t < logits.size(); ++t) logits.forbid(t);
                }),
                "^ +60 v79 i1 t50");
  CHECK(puppet.choose("-60") == "-60");
  CHECK(puppet.choose("i1") == "i1");
  CHECK(puppet.song.state.sounding() == 0);
  for (int i = 0; i < 200; ++i) CHECK(puppet.choose("+60")[0] == 't');
  Puppet limited(Chain(MaxNoteLength{std::chrono::seconds(1)},
                       Rule([](Logits logits, const SongState&) { logits.forbid(vocabulary.note_off(60)); })),
                 "^ +60 v79 i1 t100");
  CHECK(limited.choose("-60") == "-60");
}

TEST_CASE("song writer: without the grammar, too, what a rule forbids stays forbidden") {
  Puppet puppet(Rule([](Logits logits, const SongState&) {
                  for (Token t = 0; t < logits.size(); ++t) logits.forbid(t);
                }),
                "^", {.grammar = false});
  for (int i = 0; i < 50; ++i) CHECK(puppet.choose("+60")[0] == 't');
}

TEST_CASE("song writer: no processor brings back what is forbidden") {
  const Rule likes_it([](Logits logits, const SongState&) {
    logits.set(vocabulary.note_off(72), 1e9);
    logits.add(vocabulary.note_on(61), HUGE_VAL);
    CHECK_FALSE(logits.allows(vocabulary.note_off(72)));
  });
  const Rule against([](Logits logits, const SongState&) { logits.forbid(vocabulary.note_on(61)); });
  for (int i = 0; i < 20; ++i) {
    Puppet puppet(Chain(against, likes_it), "^ +60 v79 i0 t50", {.seed = static_cast<std::uint64_t>(i)});
    const std::string word = vocabulary.name(puppet.choose(even));
    CHECK(word != "-72");
    CHECK(word != "+61");
  }
}

TEST_CASE("song writer: processors see each other's work, the song and its last note") {
  std::vector<std::int64_t> positions;
  const Rule quarter([](Logits logits, const SongState&) { logits.add(TokenKind::time, 0.25); });
  const Rule looks([&](Logits logits, const SongState& song) {
    positions.push_back(song.position());
    if (song.position() == 4) {
      CHECK(logits[vocabulary.time(7)] == 0.25);
      CHECK(song.last_note() == SongState::Onset{0, 60, 79, 1});
    }
    if (song.position() == 6) {
      CHECK(song.group() == SongState::Group::on);
      CHECK(song.group_pitch() == 64);
      CHECK(song.last_note()->pitch == 60);
    }
  });
  Puppet puppet(Chain(quarter, looks));
  puppet.follow("+60 v79 i1 t5 +64 v63 i0");
  CHECK(positions == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("song writer: a copy goes on as the song would have") {
  Puppet puppet;
  puppet.follow("+60 v79 i0");
  Puppet copy = puppet;
  for (int i = 0; i < 100; ++i)
    CHECK(copy.choose(even, {.end_waits = true}) == puppet.choose(even, {.end_waits = true}));
}

TEST_CASE("song writer: songs of one beginning have random numbers and a variation of their own") {
  const auto song = [&](std::uint64_t seed, std::uint64_t number) {
    Puppet puppet = plainly("^", {.seed = seed});
    puppet.writer.begin(puppet.song, puppet.chain, number, puppet.given);
    CHECK(puppet.song.state.number() == number);
    std::vector<float> all{puppet.song.state.variation().density, puppet.song.state.variation().velocity,
                           puppet.song.state.variation().pitch_class};
    for (int i = 0; i < 50; ++i) all.push_back(static_cast<float>(puppet.choose(even, {.end_waits = true})));
    return all;
  };
  CHECK(song(1, 0) == song(1, 0));
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(song(1, 0)[i] != song(1, 1)[i]);
    CHECK(song(1, 0)[i] != song(2, 0)[i]);
  }
  CHECK(song(1, 0) != song(1, 1));
}

TEST_CASE("song writer: variations are normal, and independent") {
  Puppet puppet = plainly("^", {.seed = 3});
  double sums[3] = {}, squares[3] = {}, products = 0;
  for (std::uint64_t n = 0; n < 4000; ++n) {
    puppet.writer.begin(puppet.song, puppet.chain, n, puppet.given);
    const SongVariation& v = puppet.song.state.variation();
    const double z[3] = {static_cast<double>(v.density), static_cast<double>(v.velocity),
                         static_cast<double>(v.pitch_class)};
    for (int i = 0; i < 3; ++i) {
      sums[i] += z[i];
      squares[i] += z[i] * z[i];
    }
    products += z[0] * z[2];
  }
  for (int i = 0; i < 3; ++i) {
    CHECK(std::abs(sums[i] / 4000) < 4.5 / std::sqrt(4000));
    CHECK(std::abs(squares[i] / 4000 - 1) < 4.5 * std::sqrt(2.0 / 4000));
  }
  CHECK(std::abs(products / 4000) < 4.5 / std::sqrt(4000));
}
