#include <musicgen/sample/processors/phrase_returns.hpp>

#include <catch.hpp>
#include <cmath>
#include <string>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

const std::string first = "^ | T60 F0 PA L1", other = first + " t48 | PB L1", again = first + " t48 | PA L1";

}  // namespace

TEST_CASE("phrase returns: improbable notes go where the letter has come before, times and velocities stay") {
  const Probabilities given{{"+60", 0.4}, {"t12", 0.1}, {"-60", 0.1}, {"v63", 0.01}, {"CG:maj", 0.01}};
  check_changed(PhraseReturns{.min_p = 0.5f}, first, given, given);
  check_changed(PhraseReturns{.min_p = 0.5f}, other, given, given);
  check_changed(PhraseReturns{}, again, given, given);
  check_changed(PhraseReturns{.min_p = 0.5f}, again, given,
                {{"+60", 0.4}, {"t12", 0.1}, {"-60", 0}, {"v63", 0.01}, {"CG:maj", 0.01}});
  check_changed(PhraseReturns{.min_p = 0.2f}, again, given, given);
}

TEST_CASE("phrase returns: a note less probable than a time goes, however large a part of the notes it is") {
  check_changed(PhraseReturns{.min_p = 0.5f}, again, {{"t12", 0.7}, {"+60", 0.3}}, {{"t12", 0.7}, {"+60", 0}});
}

TEST_CASE("phrase returns: a bias makes repeats likelier") {
  const Probabilities given{{"R", 0.2}, {"CG:maj", 0.3}};
  check_changed(PhraseReturns{.repeat_bias = 1}, again, given, {{"R", 0.2 * std::exp(1.0)}, {"CG:maj", 0.3}});
  check_changed(PhraseReturns{.repeat_bias = 1}, first, given, given);
}

TEST_CASE("phrase returns: settings out of range are refused") {
  CHECK_THROWS_WITH((PhraseReturns{.min_p = 1.5f}.check()),
                    Catch::StartsWith("sampler: return_min_p has to be in 0..1"));
  CHECK_THROWS_WITH((PhraseReturns{.repeat_bias = NAN}.check()), Catch::Contains("repeat_bias"));
  PhraseReturns{.min_p = 0.6f, .repeat_bias = 1}.check();
}
