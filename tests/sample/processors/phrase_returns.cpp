#include <musicgen/sample/processors/phrase_returns.hpp>

#include <catch.hpp>
#include <cmath>
#include <map>
#include <sstream>
#include <string>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

using Probabilities = std::map<std::string, double>;

/// What becomes of these probabilities, not normalized, after a song's tokens.
Probabilities after(const std::string& song, const PhraseReturns& returns, const Probabilities& given) {
  const Vocabulary vocabulary = Vocabulary::beats();
  SongState state;
  std::istringstream words(song);
  for (std::string word; words >> word;) state.advance(vocabulary[vocabulary.find(word)]);
  std::vector<double> logits(static_cast<std::size_t>(vocabulary.size()), Logits::forbidden);
  for (const auto& [word, p] : given) logits[static_cast<std::size_t>(vocabulary.find(word))] = std::log(p);
  returns.apply(Logits(logits, vocabulary), state);
  Probabilities found;
  for (const auto& [word, p] : given) found[word] = std::exp(logits[static_cast<std::size_t>(vocabulary.find(word))]);
  return found;
}

void check(const std::string& song, const PhraseReturns& returns, const Probabilities& given,
           const Probabilities& expected) {
  CAPTURE(song, returns.min_p, returns.repeat_bias);
  for (const auto& [word, p] : after(song, returns, given)) {
    CAPTURE(word);
    CHECK(p == Approx(expected.at(word)).margin(1e-9));
  }
}

const std::string first = "^ | T60 F0 PA L1", other = first + " t48 | PB L1", again = first + " t48 | PA L1";

}  // namespace

TEST_CASE("phrase returns: improbable notes go where the letter has come before, times and velocities stay") {
  const Probabilities given{{"+60", 0.4}, {"t12", 0.1}, {"-60", 0.1}, {"v63", 0.01}, {"CG:maj", 0.01}};
  check(first, {.min_p = 0.5f}, given, given);
  check(other, {.min_p = 0.5f}, given, given);
  check(again, {}, given, given);
  check(again, {.min_p = 0.5f}, given, {{"+60", 0.4}, {"t12", 0.1}, {"-60", 0}, {"v63", 0.01}, {"CG:maj", 0.01}});
  check(again, {.min_p = 0.2f}, given, given);
}

TEST_CASE("phrase returns: a note less probable than a time goes, however large a part of the notes it is") {
  check(again, {.min_p = 0.5f}, {{"t12", 0.7}, {"+60", 0.3}}, {{"t12", 0.7}, {"+60", 0}});
}

TEST_CASE("phrase returns: a bias makes repeats likelier") {
  const Probabilities given{{"R", 0.2}, {"CG:maj", 0.3}};
  check(again, {.repeat_bias = 1}, given, {{"R", 0.2 * std::exp(1.0)}, {"CG:maj", 0.3}});
  check(first, {.repeat_bias = 1}, given, given);
}

TEST_CASE("phrase returns: settings out of range are refused") {
  CHECK_THROWS_WITH((PhraseReturns{.min_p = 1.5f}.check()),
                    Catch::StartsWith("sampler: return_min_p has to be in 0..1"));
  CHECK_THROWS_WITH((PhraseReturns{.repeat_bias = NAN}.check()), Catch::Contains("repeat_bias"));
  PhraseReturns{.min_p = 0.6f, .repeat_bias = 1}.check();
}
