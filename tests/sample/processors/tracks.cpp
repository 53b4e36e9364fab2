#include <musicgen/sample/processors/tracks.hpp>

#include <array>
#include <catch.hpp>
#include <set>
#include <string>

#include "sample/listening.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("tracks: leave some, and no others") {
  const Vocabulary vocabulary = vocabulary_with_holes();  // with tracks 0, 2 and 5
  CHECK(forbidden_words(Tracks(std::array{0, 1, 99, -1}), vocabulary) == std::set<std::string>{"i2", "i5"});
}

TEST_CASE("tracks: a sampler keeps to them") {
  check_notes(Tracks(std::array{0, 1}), [](int, int track) { return track <= 1; });
}
