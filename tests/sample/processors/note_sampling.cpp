#include <musicgen/sample/processors/note_sampling.hpp>

#include <catch.hpp>
#include <cmath>
#include <map>
#include <string>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// What becomes of these probabilities, in the order of the words.
std::map<std::string, double> shaped(const NoteSampling& sampling, const std::map<std::string, double>& given) {
  const Vocabulary vocabulary = Vocabulary::beats();
  std::vector<double> logits(static_cast<std::size_t>(vocabulary.size()), Logits::forbidden);
  for (const auto& [word, p] : given) logits[static_cast<std::size_t>(vocabulary.find(word))] = std::log(p) - 2;
  sampling.apply(Logits(logits, vocabulary), SongState());
  std::map<std::string, double> found;
  for (const auto& [word, p] : given)
    found[word] = std::exp(logits[static_cast<std::size_t>(vocabulary.find(word))] + 2);
  return found;
}

void check(const NoteSampling& sampling, const std::map<std::string, double>& given,
           const std::map<std::string, double>& expected) {
  CAPTURE(sampling.min_p);
  for (const auto& [word, p] : shaped(sampling, given)) {
    CAPTURE(word);
    CHECK(p == Approx(expected.at(word)).margin(1e-9));
  }
}

}  // namespace

TEST_CASE("note sampling: leaves out improbable tokens of notes, and the plan alone") {
  const std::map<std::string, double> given{{"+60", 0.4}, {"t12", 0.2}, {"-60", 0.05}, {"CG:maj", 0.01}, {"|", 0.002}};
  check({}, given, given);
  check({.min_p = 0.2f}, given, {{"+60", 0.4}, {"t12", 0.2}, {"-60", 0}, {"CG:maj", 0.01}, {"|", 0.002}});
  check({.min_p = 1}, given, {{"+60", 0.4}, {"t12", 0}, {"-60", 0}, {"CG:maj", 0.01}, {"|", 0.002}});
}

TEST_CASE("note sampling: where only the plan may go on, nothing changes") {
  check({.min_p = 0.5f}, {{"PA", 0.9}, {"PB", 0.001}}, {{"PA", 0.9}, {"PB", 0.001}});
}

TEST_CASE("note sampling: velocities neither count nor change") {
  check({.min_p = 0.5f}, {{"v79", 0.6}, {"v63", 0.01}, {"+60", 0.2}, {"t12", 0.15}, {"-60", 0.04}},
        {{"v79", 0.6}, {"v63", 0.01}, {"+60", 0.2}, {"t12", 0.15}, {"-60", 0}});
}

TEST_CASE("note sampling: nor does a song's end") {
  check({.min_p = 0.5f}, {{"$", 0.01}, {"-60", 0.2}, {"-62", 0.05}}, {{"$", 0.01}, {"-60", 0.2}, {"-62", 0}});
}

TEST_CASE("note sampling: settings out of range are refused") {
  CHECK_THROWS_WITH((NoteSampling{.min_p = 1.5f}.check()), Catch::StartsWith("sampler: note_min_p has to be in 0..1"));
  NoteSampling{.min_p = 0.1f}.check();
}
