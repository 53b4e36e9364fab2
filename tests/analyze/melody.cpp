#include <catch.hpp>
#include <cstddef>
#include <musicgen/analyze/melody.hpp>
#include <utility>
#include <vector>

#include "analyze/pieces.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("melody: a note ends where the next begins, however long it is held") {
  for (const char* name : {"Melody", ""}) {
    Track track{.name = name};
    track.notes.push_back({0, 1000 * ticks_a_beat, 62, 80});
    for (int i = 1; i < 1000; ++i)
      track.notes.push_back({i * ticks_a_beat, i * ticks_a_beat + 400, static_cast<std::uint8_t>(64 + i % 5), 80});
    const Score score = piece_with(std::move(track));
    const std::vector<musicgen::detail::BeatNote> melody =
        musicgen::detail::melody_of(score, musicgen::detail::quarter_notes(score));
    REQUIRE(melody.size() == 1000);
    CHECK(melody[0].end == 1);
    for (std::size_t i = 0; i + 1 < melody.size(); ++i) REQUIRE(melody[i].end <= melody[i + 1].start);
    CHECK(melody[1].end - melody[1].start == Approx(400.0 / ticks_a_beat));
  }
}
