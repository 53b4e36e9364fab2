#include <algorithm>
#include <catch.hpp>
#include <cmath>
#include <cstdint>
#include <map>
#include <musicgen/sample/voice.hpp>
#include <string>
#include <vector>

#include "sample/puppet.hpp"
#include "tokens/grammar_tools.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

const Vocabulary& vocabulary = Puppet::vocabulary;

}  // namespace

TEST_CASE("voice: tells the notes that end, the time and the end") {
  Puppet puppet;
  CHECK(puppet.voice.last() == vocabulary.start());
  puppet.follow("+60 v79 i2 t50");
  CHECK_FALSE(puppet.voice.finished());
  CHECK(puppet.voice.steps() == 50);
  CHECK(puppet.voice.grammar().is_sounding(60, 2));
  puppet.follow("-60 i2");
  REQUIRE(puppet.voice.finished());
  CHECK(*puppet.voice.finished() == Note{0, 0.5, 60, 79, 2});
  CHECK_FALSE(puppet.voice.ended());
  puppet.follow("$");
  CHECK_FALSE(puppet.voice.finished());
  CHECK(puppet.voice.ended());
  CHECK(puppet.voice.at_limit({}));
}

TEST_CASE("voice: chooses what the grammar allows, whatever the model wants") {
  Puppet puppet;
  CHECK(puppet.choose("-60") != "-60");
  Puppet other({}, "^ +60 v79 i2");
  CHECK(other.choose("$") != "$");
  Puppet free({.grammar = false}, "^ +60 v79 i2");
  CHECK(free.choose("$") == "$");
}

TEST_CASE("voice: pitch options choose among pitches, and leave how often one comes") {
  std::vector<float> logits(405, -50);
  const auto at = [](Token t) { return static_cast<std::size_t>(t); };
  logits[at(vocabulary.note_on(60))] = 1;
  logits[at(vocabulary.note_on(62))] = 0.5f;
  logits[at(vocabulary.time(10))] = 1;
  const auto counts = [&](const SamplerOptions& options) {
    Puppet puppet(options, "^ +40 v79 i0");
    std::map<std::string, int> all;
    for (std::uint64_t song = 0; song < 4000; ++song)
      ++all[vocabulary.name(puppet.voice.of_song(options, song).choose<float>(logits, puppet.rules, {}))];
    return all;
  };
  const double time = 4000 / (2 + std::exp(-0.5)), tolerance = 4.5 * std::sqrt(time * (1 - time / 4000));
  for (const SamplerOptions& options :
       {SamplerOptions{}, SamplerOptions{.pitch_top_p = 0.5f}, SamplerOptions{.pitch_temperature = 1e-3f},
        SamplerOptions{.pitch_min_p = 0.7f}}) {  // 0.61 of it is the other's
    const bool shaped = !(options.pitch_temperature == 1 && options.pitch_top_p == 1 && options.pitch_min_p == 0);
    auto found = counts(options);
    CHECK(std::abs(found["t10"] - time) < tolerance);
    CHECK((found["+62"] == 0) == shaped);
    CHECK(found["+60"] + found["+62"] + found["t10"] == 4000);
  }
}

TEST_CASE("voice: a velocity has a temperature of its own, and nothing else has it") {
  const std::map<std::string, float> words{{"v79", 1}, {"+62", 1}, {"v39", 0}, {"t10", 0}};
  const auto sharper = [](double temperature) { return 1 / (1 + std::exp(-1 / temperature)); };
  Puppet puppet({.temperature = 0.8f, .velocity_temperature = 0.5f});
  puppet.follow("+60");
  check_probability(puppet, words, "v79", sharper(0.4));
  puppet.follow("v79 i0");
  check_probability(puppet, words, "+62", sharper(0.8));
  Puppet sure({.temperature = 0, .velocity_temperature = 0.5f});
  sure.follow("+60");
  CHECK(vocabulary.name(sure.voice.choose<float>(logits_of(words), sure.rules, {})) == "v79");
}

TEST_CASE("voice: where the end waits, it comes when its time has come") {
  const Limit limit{.steps = 100, .end_waits = true};
  Puppet puppet({}, "^ +60 v79 i0 t50 -60 i0");
  CHECK(puppet.choose("$", limit) != "$");
  CHECK(Puppet({}, "^ +60 v79 i0 t50 -60 i0").choose("$", {.steps = 100}) == "$");
  CHECK(Puppet({}, "^ +60 v79 i0 t100 -60 i0").choose("$", limit) == "$");
}

TEST_CASE("voice: a gap is cut at the limit") {
  Puppet puppet({}, "^ +60 v79 i0 t50 -60 i0 +62 v79 i0");
  const Limit limit{.steps = 80};
  CHECK_FALSE(puppet.voice.at_limit(limit));
  CHECK(puppet.choose("t90", limit) == "t30");
  CHECK(puppet.voice.at_limit(limit));
  Puppet fits({}, "^ +60 v79 i0 t50");
  CHECK(fits.voice.at_limit({.tokens = 5}));
  CHECK_FALSE(fits.voice.at_limit({.tokens = 6}));
}

TEST_CASE("voice: the log-probability is that of the token taken, a cut gap's too") {
  std::vector<float> logits(405);
  double sum = 404;
  logits[static_cast<std::size_t>(vocabulary.time(90))] = 20;
  logits[static_cast<std::size_t>(vocabulary.time(30))] = 3;
  sum += std::exp(20.0) + std::exp(3.0) - 1;
  Puppet puppet({.temperature = 0.5f}, "^ +60 v79 i0");
  const Voice before = puppet.voice;
  CHECK(puppet.voice.choose<float>(logits, puppet.rules, {}) == vocabulary.time(90));
  CHECK(puppet.voice.log_probability() == Approx(20 - std::log(sum)));
  puppet.voice = before;
  CHECK(puppet.voice.choose<float>(logits, puppet.rules, {.steps = 30}) == vocabulary.time(30));
  CHECK(puppet.voice.log_probability() == Approx(3 - std::log(sum)));
}

TEST_CASE("voice: a gap that the bias rules out gives way to a shorter one, or the song is over") {
  const auto only_tens =
      bias_against(vocabulary, [](TokenEvent m) { return m.kind == TokenKind::time && m.value % 10; });
  Puppet puppet({.bias = only_tens}, "^ +60 v79 i0 t50 -60 i0 +62 v79 i0");
  CHECK(puppet.choose("t90", {.steps = 75}) == "t20");
  CHECK(puppet.choose("-62", {.steps = 75}) == "-62");
  CHECK(puppet.choose("i0", {.steps = 75}) == "i0");
  CHECK(puppet.choose("t90", {.steps = 75}) == "");
  CHECK(puppet.voice.at_limit({.steps = 75}));
}

TEST_CASE("voice: a prompt may have what the bias rules out, what follows may not") {
  const Bias c_major = only_key(vocabulary, 0);
  Puppet puppet({.bias = c_major}, "^ +61 v79 i0 t50");
  puppet.follow("-61 i0 t20");
  CHECK(puppet.choose("+63") != "+63");
  CHECK(Puppet({}, "^ +61 v79 i0 t50 -61 i0 t20").choose("+63") == "+63");
}

TEST_CASE("voice: steering sees the bias and what has come so far") {
  const Bias bias(405, 0.25f);
  std::vector<std::int64_t> positions;
  const auto no_low_notes = [&](std::span<float> b, const Grammar& so_far) {
    REQUIRE(b.size() == 405);
    CHECK(b[7] == 0.25f);
    CHECK(b[static_cast<std::size_t>(vocabulary.time(60))] == Approx(0.25 + std::log(4)));  // of the calm
    positions.push_back(so_far.position());
    for (int p = 0; p < 64; ++p) b[static_cast<std::size_t>(vocabulary.note_on(p))] = never;
  };
  Puppet puppet({.calm = 1, .bias = bias, .steer = no_low_notes});
  const std::string first = puppet.choose("+63");
  CHECK(first[0] == '+');
  CHECK(std::stoi(first.substr(1)) >= 64);
  puppet.follow("v79 i0 t5");
  CHECK(positions == std::vector<std::int64_t>{1, 2, 3, 4});
}

TEST_CASE("voice: steering against all that may come does not get it stuck") {
  Puppet puppet({.steer = [](std::span<float> bias, const Grammar&) { std::fill(bias.begin(), bias.end(), never); }});
  for (int i = 0; i < 200 && !puppet.voice.ended(); ++i) CHECK(puppet.choose("t1") != "");
}

TEST_CASE("voice: a copy goes on as the voice would have") {
  Puppet puppet;
  puppet.follow("+60 v79 i0");
  const std::vector<float> even(405);
  Voice copy = puppet.voice;
  for (int i = 0; i < 100; ++i) {
    const Token token = puppet.voice.choose<float>(even, puppet.rules, {.end_waits = true});
    CHECK(copy.choose<float>(even, puppet.rules, {.end_waits = true}) == token);
  }
}

TEST_CASE("voice: songs of one beginning have random numbers of their own") {
  const std::vector<float> even(405);
  Puppet puppet;
  const auto song = [&](std::uint64_t seed, std::uint64_t number) {
    Voice voice = puppet.voice.of_song({.seed = seed}, number);
    std::vector<Token> all;
    for (int i = 0; i < 50; ++i) all.push_back(voice.choose<float>(even, puppet.rules, {.end_waits = true}));
    return all;
  };
  CHECK(song(1, 0) == song(1, 0));
  CHECK(song(1, 0) != song(1, 1));
  CHECK(song(1, 0) != song(2, 0));
}
