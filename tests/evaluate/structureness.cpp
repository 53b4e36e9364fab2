#include <catch.hpp>
#include <cmath>
#include <musicgen/evaluate/structureness.hpp>
#include <vector>

#include "evaluate/bars.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// A bar for each number: equal numbers are equal bars, different ones have nothing in common. 0 is silence.
Score song_of(const std::vector<int>& bars) {
  Track track;
  std::int64_t at = 0;
  for (const int kind : bars) {
    if (kind > 0)
      for (const int k : {0, 1, 2})  // 3 of the 12 pitch classes
        track.notes.push_back({at + k * 480, at + k * 480 + 400, static_cast<std::uint8_t>(60 + 3 * kind + k), 64});
    at += 4 * 480;
  }
  return piece_with(std::move(track));
}

double of(const std::vector<int>& bars, int n) {
  return structureness(song_of(bars), bars_of_beats(static_cast<int>(bars.size()), 4), n);
}

}  // namespace

TEST_CASE("structureness: parts that return whole, in part, not at all") {
  CHECK(of({1, 2, 1, 2}, 2) == Approx(1));
  CHECK(of({1, 2, 3, 4}, 2) == Approx(0));
  CHECK(of({1, 2, 3, 2}, 2) == Approx(0.5));                      // the second bar of two
  CHECK(of({1, 2, 3, 1, 2, 4}, 2) == Approx((0 + 1 + 0.5) / 3));  // 3 1 is new, 1 2 is not, 2 4 is like 2 3
  CHECK(of({1, 2, 3, 4, 1, 2, 3, 4}, 4) == Approx(1));
}

TEST_CASE("structureness: silent bars are not alike, and too short a piece has none") {
  CHECK(of({1, 0, 2, 0}, 1) == Approx(0));
  CHECK(std::isnan(of({0, 0, 0, 0}, 2)));
  CHECK(std::isnan(of({1, 2, 1}, 2)));
  CHECK(std::isnan(structureness(song_of({1, 1}), Analysis{}, 1)));
  CHECK_THROWS_AS(of({1, 2}, 0), Error);
}

TEST_CASE("structureness: several lengths at once, in any key") {
  const Score song = song_with_chorus();
  const Analysis bars = bars_of_beats(40, 4);
  const std::vector<double> all = structureness(song, bars, {4, 8, 16});
  REQUIRE(all.size() == 3);
  CHECK(all[1] == structureness(song, bars, 8));
  CHECK(all[0] > all[1]);  // the halves of verses and choruses are alike
  CHECK(all[1] > 0.7);
  const std::vector<double> higher = structureness(transposed(song, 5), bars, {4, 8, 16});
  for (std::size_t i = 0; i < 3; ++i) CHECK(higher[i] == Approx(all[i]));
}
