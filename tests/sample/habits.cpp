#include <catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <musicgen/sample/habits.hpp>
#include <string>
#include <vector>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

const Vocabulary& vocabulary = Puppet::vocabulary;

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

std::string repeated(int times, const std::string& words) {
  std::string all;
  for (int i = 0; i < times; ++i) all += " " + words;
  return all;
}

/// log(24 share) of a pitch class that has not come in so many notes; see key_memory.hpp.
double strangeness(int notes) {
  return std::log(24 / ((1 - std::pow(0.9965, notes)) / (1 - 0.9965) + 12));
}

}  // namespace

TEST_CASE("habits: calm makes long time steps likelier, and with variety each song its own") {
  const std::map<std::string, float> words{{"+60", 1}, {"t15", 1}, {"t60", 1}};
  const auto longer = [](double calm) { return std::pow(4.0, calm); };  // t15 is as it is, whatever the calm
  for (const float calm : {0.0f, 0.5f, -1.0f}) {
    CAPTURE(calm);
    Puppet puppet({.calm = calm}, "^ +40 v79 i0");
    const double all = 2 + longer(static_cast<double>(calm));
    check_probability(puppet, words, "+60", 1 / all);
    check_probability(puppet, words, "t15", 1 / all);
    check_probability(puppet, words, "t60", 1 - 2 / all);
  }
  // Songs whose calm is 0.1 e^N(0, 2^2): 0.37 of them would choose t60 without.
  Puppet varied({.calm = 0.1f, .variety = 4}, "^ +40 v79 i0");
  const auto share = [&](double calm) { return 1 - 2 / (2 + longer(calm)); };
  check_probability(varied, words, "t60", mean_over_normal([&](double z) { return share(0.1 * std::exp(2 * z)); }),
                    share(0.1));
}

TEST_CASE("habits: a key is kept by what the song has had, given or chosen") {
  for (const float strength : {0.0f, 0.5f, 1.0f}) {
    CAPTURE(strength);
    const std::string notes = repeated(30, "+60 v79 i0 t10 -60 i0 t10");
    Puppet puppet({.keep_key = strength}, "^" + notes);
    puppet.follow(notes);
    const double odds = std::exp(static_cast<double>(strength) * strangeness(60));
    check_probability(puppet, {{"+48", 1}, {"+61", 1}}, "+61", odds / (1 + odds));
  }
}

TEST_CASE("habits: with variety songs keep their key each in its own way") {
  const std::vector<float> logits = logits_of({{"+60", -1}, {"+61", 1}});
  const SamplerOptions options{.temperature = 1e-3f, .keep_key = 1, .variety = 1};
  Puppet puppet(options, "^" + repeated(60, "+60 v79 i0 t10 -60 i0 t10"));
  int strange = 0;
  for (std::uint64_t song = 0; song < 50; ++song) {
    // +61 is e^2 times as likely as +60 for the model, and share^keep_key times that here: which of them is the more
    // likely one, and at a temperature near 0 comes, is the song's own matter.
    const double against = static_cast<double>(Traits(options, song).keep_key) * strangeness(60);
    const Token token = puppet.voice.of_song(options, song).choose<float>(logits, puppet.rules, {});
    CHECK((token == vocabulary.note_on(61)) == (2 + against > 0));
    strange += token == vocabulary.note_on(61);
  }
  CHECK((strange > 10 && strange < 40));
}

TEST_CASE("habits: with variety songs are even each in its own way") {
  Puppet puppet({.velocity_temperature = 0.3f, .variety = 4});
  puppet.follow("+60");
  const auto share = [](double temperature) { return 1 / (1 + std::exp(-1 / temperature)); };
  check_probability(puppet, {{"v79", 1}, {"v39", 0}}, "v79",
                    mean_over_normal([&](double z) { return share(0.3 * std::exp(1.2 * z)); }), share(0.3));
}

TEST_CASE("habits: a little variety changes nothing else") {
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

TEST_CASE("habits: notes keep off the time just after others, not off chords") {
  const auto check = [](const std::string& word, double odds, const std::string& given, float strength = 1) {
    Puppet puppet({.keep_together = strength}, given);
    check_probability(puppet, {{word, 0}, {"+72", 0}}, word, odds / (1 + odds));
  };
  const double note = std::exp(-1.0), step = (1 + note) / 2;
  check("t8", step, "^ +60 v79 i0");  // beside a note of the same chord
  check("t9", 1, "^ +60 v79 i0");
  check("-60", 1 / note, "^ +60 v79 i0 t8");  // beside a note that would come 80 ms later
  check("-60", 1, "^ +60 v79 i0 t9");
  check("-60", 1 / note, "^ +60 v79 i0 t50 +64 v79 i0 t5");
  check("-60", 1, "^ +60 v79 i0 t5", 0);
  check("t8", 1, "^ +60 v79 i0", 0);
}

TEST_CASE("habits: chords are thinner, or thicker, than the model says") {
  const auto check = [](double odds, const std::string& given, float strength) {
    Puppet puppet({.thin_chords = strength}, given);
    check_probability(puppet, {{"+72", 0}, {"t8", 0}}, "+72", odds / (1 + odds));
  };
  for (const float strength : {1.5f, -0.5f}) {
    const double thinner = std::exp(-static_cast<double>(strength));
    check(1, "^ +60 v79 i0", strength);
    check(thinner, "^ +60 v79 i0 +64 v79 i0", strength);
    check(thinner, "^ +60 v79 i0 t20 +64 v79 i0 +67 v79 i0", strength);
    check(thinner, "^ +60 v79 i0 +64 v79 i0 +67 v79 i0", strength);
    check(1, "^ +60 v79 i0 +64 v79 i0 t20 +67 v79 i0", strength);  // one that began before has no part
  }
}

TEST_CASE("habits: after a long rest notes come") {
  const auto check = [](double rest, const std::string& given, double odds) {
    Puppet puppet({.longest_rest = rest}, given);
    check_probability(puppet, {{"+60", 0}, {"t100", 1}}, "+60", odds / (1 + odds));
  };
  const std::string note = "^ +40 v79 i0 t10 -40 i0", rest = " t100 t100 t100 t100";
  check(2, note, std::exp(-1.0));
  check(2, note + rest, std::exp(-1 + 2.1));
  check(2, note + rest + " +40 v79 i0 t10 -40 i0", std::exp(-1.0));
  check(2, "^ +40 v79 i0" + rest, std::exp(-1 + 2.0));  // a note that sounds is no new one
  check(0, note + rest + rest, std::exp(-1.0));
}

TEST_CASE("habits: an end is rarer in the first quarter of the usual length, and likelier past it") {
  const auto check = [](const std::string& given, const std::string& followed, double odds, double usual = 60) {
    Puppet puppet({.ending_after = usual}, "^" + given);
    puppet.follow(followed);
    check_probability(puppet, {{"$", 0}, {"+60", 0}}, "$", odds / (1 + odds));
  };
  const auto notes = [](int seconds) { return repeated(seconds, "+40 v79 i0 t100 -40 i0"); };
  check("", notes(10), std::exp(-1.0));
  check(notes(10), "", std::exp(-1.0));
  check("", notes(15), 1);
  check("", notes(60), 1);
  check("", notes(65), std::exp(1.0));
  check(notes(65), "", 1);
  check("", notes(25), std::exp(-1.0), 1e6);  // half a minute at most
  check("", notes(5), 1, std::numeric_limits<double>::infinity());
}
