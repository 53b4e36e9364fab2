#include <musicgen/sample/processors/steady_beat.hpp>

#include <catch.hpp>
#include <string>
#include <vector>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// What is added to a word's logit after these words.
double added(const SteadyBeat& steady, const std::string& words, const std::string& word) {
  const std::vector<double> even(static_cast<std::size_t>(beats().size()));
  return processed(steady, even, words, beats())[static_cast<std::size_t>(beats().find(word))];
}

}  // namespace

TEST_CASE("steady beat: songs keep the tempo and the metre of their first bar") {
  CHECK(added({10}, "^ |", "T60") == 0);
  CHECK(added({10}, "^ | T60 F0 t48 |", "T92") == -10);
  CHECK(added({10}, "^ | T60 F0 t48 |", "CG:maj") == 0);
  CHECK(added({10}, "^ | T60 F0", "M2/4") == 0);
  CHECK(added({10}, "^ | T60 F0 t48 |", "M2/4") == -10);
  CHECK(added({}, "^ | T60 F0 t48 |", "T92") == 0);
}

TEST_CASE("steady beat: a penalty out of range is refused") {
  check_refused(SteadyBeat{-1}, "steady_beat_penalty");
}
