// evaluate: what it says to people. That its figures are right, and hang together: generate.cpp.
#include <catch.hpp>

#include "examples/programs.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("examples: evaluate counts one song, one note and one file in the singular") {
  const Workplace place;
  fs::create_directories(place / "songs");
  const Note one{0, 1, 60, 64, 0};
  write_midi(place / "songs/one.mid", Score::from_notes(std::span(&one, 1)));
  write(place / "songs/text.mid", "no music");
  CHECK_THAT(place.output("evaluate", {"--model", place.model(), "--data", place / "songs", "--table"}),
             Catch::StartsWith("1 song, 1 note, 0.0 minutes; 1 file skipped\n"));
}
