#include <musicgen/sample/processors/pitch_range.hpp>

#include <array>
#include <catch.hpp>
#include <musicgen/sample/processors/key.hpp>
#include <musicgen/sample/processors/tracks.hpp>

#include "sample/listening.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("pitch range: leaves the note ons within it") {
  const auto words = forbidden_words(PitchRange{48, 72});
  CHECK(words.size() == 128 - 25);
  CHECK(words.count("+47") == 1);
  CHECK(words.count("+48") == 0);
  CHECK(words.count("+72") == 0);
  CHECK(words.count("+73") == 1);
}

TEST_CASE("pitch range: a sampler keeps to it, even of one note") {
  check_notes(PitchRange{55, 66}, [](int pitch, int) { return pitch >= 55 && pitch <= 66; });
  check_notes(PitchRange{64, 64}, [](int pitch, int) { return pitch == 64; });
}

TEST_CASE("pitch range: a sampler keeps to several wishes") {
  check_notes(Chain(Tracks(std::array{0}), Key{0}, PitchRange{60, 71}),
              [](int pitch, int track) { return track == 0 && pitch >= 60 && pitch <= 71 && in_c_major(pitch); });
}
