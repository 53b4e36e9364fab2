#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <musicgen/sample/voice.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tokens/grammar_tools.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

const Vocabulary vocabulary = Vocabulary::standard();

/// A voice whose next tokens are told, and what it needs.
struct Puppet {
  explicit Puppet(const SamplerOptions& options = {}, const std::string& given = "^")
      : rules(vocabulary, true, options), voice(rules, tokens(vocabulary, given)) {}

  /// Chooses under logits that make `wish` all but certain.
  std::string choose(const std::string& wish, const Limit& limit = {}) {
    std::vector<float> logits(405);
    logits[static_cast<std::size_t>(vocabulary.find(wish))] = 100;
    const Token token = voice.choose<float>(logits, rules, limit);
    return token == no_token ? "" : vocabulary.text(token);
  }
  void follow(const std::string& words) {
    for (const Token token : tokens(vocabulary, words))
      REQUIRE(choose(vocabulary.text(token)) == vocabulary.text(token));
  }

  VoiceRules rules;
  Voice voice;
};

/// The mean of f(z) over z from N(0, 1).
template <class F>
double mean_over_normal(F&& f) {
  double sum = 0, weights = 0;
  for (double z = -8; z <= 8; z += 0.01) {
    const double weight = std::exp(-z * z / 2);
    sum += weight * f(z);
    weights += weight;
  }
  return sum / weights;
}

}  // namespace

TEST_CASE("voice: rules check their options") {
  CHECK_THROWS_WITH(VoiceRules(vocabulary, true, {.bias = Bias(3)}), Catch::Contains("bias"));
  CHECK_THROWS_WITH(VoiceRules(vocabulary, true, {.top_k = -1}), Catch::Contains("top_k"));
}

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
      ++all[vocabulary.text(puppet.voice.of_song(options, song).choose<float>(logits, puppet.rules, {}))];
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
  std::vector<float> logits(405, -50);
  const auto at = [](const std::string& word) { return static_cast<std::size_t>(vocabulary.find(word)); };
  logits[at("v79")] = logits[at("+62")] = 1;
  logits[at("v39")] = logits[at("t10")] = 0;
  constexpr int songs = 4000;
  const auto share = [&](const SamplerOptions& options, const std::string& given, const std::string& word) {
    Puppet puppet(options);
    const Voice beginning = puppet.voice;
    int found = 0;
    for (std::uint64_t song = 0; song < songs; ++song) {
      puppet.voice = beginning.of_song(options, song);
      puppet.follow(given);
      found += puppet.voice.choose<float>(logits, puppet.rules, {}) == vocabulary.find(word);
    }
    return static_cast<double>(found) / songs;
  };
  const auto check = [&](double found, double temperature) {
    const double p = 1 / (1 + std::exp(-1 / temperature));
    CHECK(std::abs(found - p) < 4.5 * std::sqrt(p * (1 - p) / songs));
  };
  const SamplerOptions options{.temperature = 0.8f, .velocity_temperature = 0.5f};
  check(share(options, "+60", "v79"), 0.4);
  check(share(options, "+60 v79 i0", "+62"), 0.8);
  CHECK(share({.temperature = 0, .velocity_temperature = 0.5f}, "+60", "v79") == 1);
}

TEST_CASE("voice: calm makes long time steps likelier, and variety gives each song its own") {
  std::vector<float> logits(405, -50);
  const auto at = [](Token t) { return static_cast<std::size_t>(t); };
  logits[at(vocabulary.note_on(60))] = 1;
  logits[at(vocabulary.time(15))] = 1;  // as it is, whatever the calm
  logits[at(vocabulary.time(60))] = 1;
  constexpr int songs = 4000;
  const auto found = [&](const SamplerOptions& options) {
    Puppet puppet(options, "^ +40 v79 i0");
    std::map<std::string, int> all;
    for (std::uint64_t song = 0; song < songs; ++song)
      ++all[vocabulary.text(puppet.voice.of_song(options, song).choose<float>(logits, puppet.rules, {}))];
    return all;
  };
  for (const float calm : {0.0f, 0.5f, -1.0f}) {
    CAPTURE(calm);
    auto all = found({.calm = calm});
    const double longer = std::pow(4.0, static_cast<double>(calm));
    const auto check = [&](int count, double weight) {
      const double p = weight / (2 + longer);
      CHECK(std::abs(count - songs * p) < 4.5 * std::sqrt(songs * p * (1 - p)));
    };
    check(all["+60"], 1);
    check(all["t15"], 1);
    check(all["t60"], longer);
  }
  // Songs whose calm is 0.1 e^N(0, 2^2): the mean over them of 4^calm / (2 + 4^calm), which is 0.37 for 0.1.
  auto varied = found({.calm = 0.1f, .variety = 4});
  const double p = mean_over_normal([](double z) {
    const double longer = std::pow(4.0, 0.1 * std::exp(2 * z));
    return std::isfinite(longer) ? longer / (2 + longer) : 1;
  });
  const double tolerance = 4.5 * std::sqrt(songs * p * (1 - p)), without = std::pow(4, 0.1) / (2 + std::pow(4, 0.1));
  CHECK(std::abs(varied["t60"] - songs * p) < tolerance);
  CHECK(songs * std::abs(p - without) > 2 * tolerance);
}

TEST_CASE("voice: a key is kept by what the song has had, given or chosen") {
  std::vector<float> logits(405, -50);
  const auto at = [](Token t) { return static_cast<std::size_t>(t); };
  logits[at(vocabulary.note_on(48))] = logits[at(vocabulary.note_on(61))] = 1;
  std::string given = "^";
  for (int i = 0; i < 30; ++i) given += " +60 v79 i0 t10 -60 i0 t10";
  constexpr int songs = 4000;
  for (const float strength : {0.0f, 0.5f, 1.0f}) {
    CAPTURE(strength);
    const SamplerOptions options{.keep_key = strength};
    Puppet puppet(options, given);
    for (int i = 0; i < 30; ++i) puppet.follow("+60 v79 i0 t10 -60 i0 t10");
    int strange = 0;
    for (std::uint64_t song = 0; song < songs; ++song)
      strange += puppet.voice.of_song(options, song).choose<float>(logits, puppet.rules, {}) == vocabulary.note_on(61);
    const double notes = (1 - std::pow(0.9965, 60)) / (1 - 0.9965), odds = std::pow(24 / (notes + 12), strength);
    const double p = odds / (1 + odds);
    CHECK(std::abs(strange - songs * p) < 4.5 * std::sqrt(songs * p * (1 - p)));
  }
}

TEST_CASE("voice: loudness is kept near the usual one, if the model knows it") {
  const auto bias_of = [&](const SamplerOptions& options, int usual) {
    return VoiceRules(vocabulary, true, options, 16, 0, 0, usual).bias;
  };
  CHECK(bias_of({.keep_loudness = 0.3f}, 79) == usual_loudness(vocabulary, 79, 0.3f));
  CHECK(bias_of({.keep_loudness = 0.3f}, 0) == std::vector<float>(405));
  CHECK(bias_of({}, 79) == std::vector<float>(405));
  const auto both = bias_of({.keep_loudness = 0.3f, .bias = Bias(405, 1)}, 79);
  CHECK(both[static_cast<std::size_t>(vocabulary.velocity(79))] == 1);
  CHECK(both[static_cast<std::size_t>(vocabulary.velocity(119))] == Approx(1 - 0.3 * 4));
}

TEST_CASE("voice: a little variety changes nothing else") {
  const auto first_tokens = [&](const SamplerOptions& options) {
    Puppet puppet(options);
    Voice voice = puppet.voice.of_song(options, 5);
    const std::vector<float> logits(405);
    std::vector<Token> all;
    for (int i = 0; i < 100; ++i) all.push_back(voice.choose<float>(logits, puppet.rules, {}));
    return all;
  };
  CHECK(first_tokens({.calm = 0.5f, .variety = 1e-6f}) == first_tokens({.calm = 0.5f}));
  CHECK(first_tokens({.calm = 0.5f, .variety = 3}) != first_tokens({.calm = 0.5f}));
}

TEST_CASE("voice: with variety songs keep their key each in its own way") {
  std::vector<float> logits(405, -50);
  logits[static_cast<std::size_t>(vocabulary.note_on(60))] = -1;
  logits[static_cast<std::size_t>(vocabulary.note_on(61))] = 1;
  std::string given = "^";
  for (int i = 0; i < 60; ++i) given += " +60 v79 i0 t10 -60 i0 t10";
  const SamplerOptions options{.temperature = 1e-3f, .keep_key = 1, .variety = 1};
  Puppet puppet(options, given);
  const double notes = (1 - std::pow(0.9965, 60)) / (1 - 0.9965);
  int strange = 0;
  for (std::uint64_t song = 0; song < 50; ++song) {
    // +61 is e^2 times as likely as +60 for the model, and share^keep_key times that here: which of them is the more
    // likely one, and at a temperature near 0 comes, is the song's own matter.
    const double against = static_cast<double>(Traits(options, song).keep_key) * std::log(24 / (notes + 12));
    const Token token = puppet.voice.of_song(options, song).choose<float>(logits, puppet.rules, {});
    CHECK((token == vocabulary.note_on(61)) == (2 + against > 0));
    strange += token == vocabulary.note_on(61);
  }
  CHECK((strange > 10 && strange < 40));
}

TEST_CASE("voice: with variety songs are even each in its own way") {
  std::vector<float> logits(405, -50);
  logits[static_cast<std::size_t>(vocabulary.velocity(79))] = 1;
  logits[static_cast<std::size_t>(vocabulary.velocity(39))] = 0;
  constexpr int songs = 4000;
  const SamplerOptions options{.velocity_temperature = 0.3f, .variety = 4};
  Puppet puppet(options);
  puppet.follow("+60");
  int found = 0;
  for (std::uint64_t song = 0; song < songs; ++song)
    found += puppet.voice.of_song(options, song).choose<float>(logits, puppet.rules, {}) == vocabulary.velocity(79);
  const double p = mean_over_normal([](double z) { return 1 / (1 + std::exp(-1 / (0.3 * std::exp(1.2 * z)))); });
  const double tolerance = 4.5 * std::sqrt(songs * p * (1 - p)), without = 1 / (1 + std::exp(-1 / 0.3));
  CHECK(std::abs(found - songs * p) < tolerance);
  CHECK(songs * std::abs(p - without) > 2 * tolerance);
}

TEST_CASE("voice: notes keep off the time just after others, not off chords") {
  std::vector<float> logits(405, -50);
  const auto at = [](const char* word) { return static_cast<std::size_t>(vocabulary.find(word)); };
  logits[at("+72")] = 0;
  const auto share = [&](const char* word, double weight, const std::string& given, float strength = 1) {
    std::vector<float> two = logits;
    two[at(word)] = 0;
    const SamplerOptions options{.keep_together = strength};
    Puppet puppet(options, given);
    int found = 0;
    for (std::uint64_t song = 0; song < 4000; ++song)
      found += puppet.voice.of_song(options, song).choose<float>(two, puppet.rules, {}) == vocabulary.find(word);
    const double p = weight / (1 + weight);
    CHECK(std::abs(found - 4000 * p) < 4.5 * std::sqrt(4000 * p * (1 - p)));
  };
  const double note = std::exp(-1.0), step = (1 + note) / 2;
  share("t8", step, "^ +60 v79 i0");  // beside a note of the same chord
  share("t9", 1, "^ +60 v79 i0");
  share("-60", 1 / note, "^ +60 v79 i0 t8");  // beside a note that would come 80 ms later
  share("-60", 1, "^ +60 v79 i0 t9");
  share("-60", 1 / note, "^ +60 v79 i0 t50 +64 v79 i0 t5");
  share("-60", 1, "^ +60 v79 i0 t5", 0);
  share("t8", 1, "^ +60 v79 i0", 0);
}

TEST_CASE("voice: after a long rest notes come") {
  std::vector<float> logits(405, -50);
  const auto at = [](Token t) { return static_cast<std::size_t>(t); };
  logits[at(vocabulary.note_on(60))] = 0;
  logits[at(vocabulary.time(100))] = 1;
  const auto share = [&](const SamplerOptions& options, const std::string& given) {
    Puppet puppet(options, given);
    int found = 0;
    for (std::uint64_t song = 0; song < 4000; ++song)
      found += puppet.voice.of_song(options, song).choose<float>(logits, puppet.rules, {}) == vocabulary.note_on(60);
    return found / 4000.0;
  };
  const auto check = [](double found, double odds) {
    const double p = odds / (1 + odds);
    CHECK(std::abs(found - p) < 4.5 * std::sqrt(p * (1 - p) / 4000));
  };
  const std::string note = "^ +40 v79 i0 t10 -40 i0", rest = " t100 t100 t100 t100";
  check(share({.longest_rest = 2}, note), std::exp(-1.0));
  check(share({.longest_rest = 2}, note + rest), std::exp(-1 + 2.1));
  check(share({.longest_rest = 2}, note + rest + " +40 v79 i0 t10 -40 i0"), std::exp(-1.0));
  check(share({.longest_rest = 2}, "^ +40 v79 i0" + rest), std::exp(-1 + 2.0));  // a note that sounds is no new one
  check(share({}, note + rest + rest), std::exp(-1.0));
}

TEST_CASE("voice: an end is rarer in the first quarter of the usual length, and likelier past it") {
  std::vector<float> logits(405, -50);
  const auto at = [](Token t) { return static_cast<std::size_t>(t); };
  logits[at(vocabulary.end())] = logits[at(vocabulary.note_on(60))] = 0;
  const auto check = [&](const std::string& given, const std::string& followed, double odds, double usual = 60) {
    Puppet puppet({.ending_after = usual}, "^" + given);
    puppet.follow(followed);
    int found = 0;
    for (std::uint64_t song = 0; song < 4000; ++song)
      found += puppet.voice.of_song({}, song).choose<float>(logits, puppet.rules, {}) == vocabulary.end();
    const double p = odds / (1 + odds);
    CHECK(std::abs(found - 4000 * p) < 4.5 * std::sqrt(4000 * p * (1 - p)));
  };
  const auto notes = [](int seconds) {
    std::string words;
    for (int i = 0; i < seconds; ++i) words += " +40 v79 i0 t100 -40 i0";
    return words;
  };
  check("", notes(10), std::exp(-1.0));
  check(notes(10), "", std::exp(-1.0));
  check("", notes(15), 1);
  check("", notes(60), 1);
  check("", notes(65), std::exp(1.0));
  check(notes(65), "", 1);
  check("", notes(25), std::exp(-1.0), 1e6);  // half a minute at most
  check("", notes(5), 1, std::numeric_limits<double>::infinity());
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
  const auto only_tens = bias_against(vocabulary, [](Meaning m) { return m.kind == TokenKind::time && m.value % 10; });
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
