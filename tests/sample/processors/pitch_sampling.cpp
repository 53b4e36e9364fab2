#include <musicgen/sample/processors/pitch_sampling.hpp>

#include <catch.hpp>
#include <cmath>
#include <map>
#include <string>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

const Vocabulary& vocabulary = Puppet::vocabulary;

/// The resulting probabilities, where +60, +64, +67 had 0.36, 0.18, 0.06, and t10 and t20 had 0.3 and 0.1.
std::vector<double> shares(const PitchSampling& sampling, const std::vector<std::string>& left_out = {}) {
  const std::map<std::string, double> given{{"t10", 0.3}, {"+60", 0.36}, {"t20", 0.1}, {"+64", 0.18}, {"+67", 0.06}};
  std::vector<double> logits(405, Logits::forbidden);
  for (const auto& [word, share] : given) logits[static_cast<std::size_t>(vocabulary.find(word))] = std::log(share) + 3;
  for (const std::string& word : left_out) logits[static_cast<std::size_t>(vocabulary.find(word))] = Logits::forbidden;
  logits = processed(sampling, logits);
  std::vector<double> all;
  double sum = 0;
  for (const char* word : {"t10", "+60", "t20", "+64", "+67"}) {
    all.push_back(std::exp(logits[static_cast<std::size_t>(vocabulary.find(word))]));
    sum += all.back();
  }
  for (double& share : all) share /= sum;
  return all;
}

void check(const PitchSampling& sampling, const std::vector<double>& expected,
           const std::vector<std::string>& left_out = {}) {
  CAPTURE(sampling.temperature, sampling.top_p, sampling.min_p);
  const std::vector<double> found = shares(sampling, left_out);
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(found[i] == Approx(expected[i]).margin(1e-9));
}

}  // namespace

TEST_CASE("pitch sampling: shapes which pitch comes, not how probable one is") {
  const double squares = 0.36 * 0.36 + 0.18 * 0.18 + 0.06 * 0.06;
  check({}, {0.3, 0.36, 0.1, 0.18, 0.06});
  check({.temperature = 0.5f},
        {0.3, 0.6 * 0.36 * 0.36 / squares, 0.1, 0.6 * 0.18 * 0.18 / squares, 0.6 * 0.06 * 0.06 / squares});
  check({.top_p = 0.85f}, {0.3, 0.4, 0.1, 0.2, 0});  // 0.36 + 0.18 are 0.9 of 0.6
  check({.top_p = 0.5f}, {0.3, 0.6, 0.1, 0, 0});     // 0.36 alone is 0.6 of it
  check({.temperature = 1e-30f}, {0.3, 0.6, 0.1, 0, 0});
  check({.top_p = 0.6f}, {0.3 / 0.64, 0, 0.1 / 0.64, 0.24 / 0.64, 0}, {"+60"});  // of what may come
  check({.top_p = 0.5f}, {0.75, 0, 0.25, 0, 0}, {"+60", "+64", "+67"});          // no pitch at all
  check({.min_p = 0.4f}, {0.3, 0.4, 0.1, 0.2, 0});                               // 0.06 is a sixth of 0.36
  check({.min_p = 1}, {0.3, 0.6, 0.1, 0, 0});
  check({.temperature = 0.5f, .min_p = 0.26f}, {0.3, 0.6, 0.1, 0, 0});  // 0.18 has become a quarter
  check({.top_p = 0.95f, .min_p = 0.4f}, {0.3, 0.4, 0.1, 0.2, 0});
  check({.min_p = 0.4f}, {0.3 / 0.64, 0, 0.1 / 0.64, 0.24 / 0.64, 0}, {"+60"});  // 0.06: a third of 0.18
}

TEST_CASE("pitch sampling: comes before the rules for all tokens") {
  const std::map<std::string, float> words{{"+60", std::log(0.5f)}, {"+62", std::log(0.1f)}, {"t10", std::log(0.4f)}};
  Puppet puppet(PitchSampling{.top_p = 0.5f}, "^ +40 v79 i0");
  check_probability(puppet, words, "+60", 0.6, 0.5);
  Puppet sure(PitchSampling{.top_p = 0.5f}, "^ +40 v79 i0", {.top_p = 0.59f});
  check_probability(sure, words, "t10", 0);
  Puppet greedy(PitchSampling{.top_p = 0.5f}, "^ +40 v79 i0", {.temperature = 0});
  CHECK(vocabulary.name(greedy.choose(logits_of(words))) == "+60");
}

TEST_CASE("pitch sampling: settings out of range are errors that name them") {
  check_refused(PitchSampling{.temperature = 0}, "pitch_temperature");
  check_refused(PitchSampling{.temperature = INFINITY}, "pitch_temperature");
  check_refused(PitchSampling{.top_p = 0}, "pitch_top_p");
  check_refused(PitchSampling{.top_p = 1.5f}, "pitch_top_p");
  check_refused(PitchSampling{.min_p = 1.5f}, "pitch_min_p");
  check_refused(PitchSampling{.min_p = NAN}, "pitch_min_p");
}
