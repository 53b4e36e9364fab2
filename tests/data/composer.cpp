#include "musicgen/data/composer.hpp"

#include <algorithm>
#include <catch.hpp>
#include <cmath>
#include <map>
#include <set>
#include <vector>

using namespace musicgen;

namespace {

/// The notes in each bar of a track, as (sixteenth, pitch).
std::vector<std::set<std::pair<int, int>>> bars(const Track& track) {
  std::vector<std::set<std::pair<int, int>>> all;
  for (const TickNote& n : track.notes) {
    const auto step = static_cast<int>(std::lround(static_cast<double>(n.start) / 120));
    all.resize(std::max(all.size(), static_cast<std::size_t>(step / 16) + 1));
    all[static_cast<std::size_t>(step / 16)].insert({step % 16, n.pitch});
  }
  return all;
}

}  // namespace

TEST_CASE("composer: the same seed gives the same song, another seed another") {
  for (std::uint64_t seed : {0u, 1u, 7u}) {
    CHECK(compose(seed).tracks == compose(seed).tracks);
    CHECK(compose(seed).tempo == compose(seed).tempo);
    CHECK_FALSE(compose(seed).tracks == compose(seed + 1).tracks);
  }
}

TEST_CASE("composer: every song has melody, bridge and piano that hands can play") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    const Score song = compose(seed);
    REQUIRE(song.tracks.size() == 3);
    CHECK(song.tracks[0].name == "MELODY");
    CHECK(song.tracks[1].name == "BRIDGE");
    CHECK(song.tracks[2].name == "PIANO");
    CHECK(song.notes().size() >= 200);
    CHECK(song.duration() >= 45);
    CHECK(song.duration() <= 120);
    for (const Track& track : song.tracks) {
      std::map<int, std::int64_t> sounds_until;
      bool sound = !track.notes.empty();
      for (const TickNote& n : track.notes) {
        sound &= n.start >= sounds_until[n.pitch] && n.end > n.start && n.velocity >= 20 && n.velocity <= 120;
        sound &= n.pitch >= 28 && n.pitch <= 93;
        sounds_until[n.pitch] = n.end;
      }
      CHECK(sound);
    }
  }
}

TEST_CASE("composer: the form comes back") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    INFO("seed " << seed);
    const Score song = compose(seed);
    const auto piano = bars(song.tracks[2]);
    std::map<std::set<std::pair<int, int>>, int> heard;
    for (const auto& bar : piano) ++heard[bar];
    int again = 0;
    for (const auto& bar : piano) again += heard[bar] > 1;
    CHECK(again * 2 > static_cast<int>(piano.size()));
    // But not one bar over and over.
    CHECK(heard.size() >= 8);

    // A phrase and its repetition share their tune except for the ending: bars 1 and 5 of the first verse.
    const auto tune = bars(song.tracks[0]);
    const auto first = std::find_if(tune.begin(), tune.end(), [](auto& bar) { return !bar.empty(); });
    REQUIRE(tune.end() - first > 8);
    CHECK(first[0] == first[4]);
  }
}

TEST_CASE("composer: phrases end on a note of their chord") {
  const Score song = compose(11, {.human = false});
  const auto piano = bars(song.tracks[2]), tune = bars(song.tracks[0]);
  int phrases = 0;
  for (std::size_t bar = 3; bar < tune.size(); bar += 4) {
    if (tune[bar].empty()) continue;
    std::set<int> chord;
    for (auto [step, pitch] : piano[bar]) chord.insert(pitch % 12);
    CHECK(chord.count(tune[bar].rbegin()->second % 12) == 1);
    ++phrases;
  }
  CHECK(phrases >= 4);
}

TEST_CASE("composer: options hold") {
  const Score exact = compose(5, {.min_tempo = 120, .max_tempo = 120, .human = false});
  CHECK(exact.tempo.changes().front().microseconds_per_quarter == 500000);
  for (const Track& track : exact.tracks)
    CHECK(std::all_of(track.notes.begin(), track.notes.end(), [](auto& n) { return n.start % 120 == 0; }));
  // The shortest form takes less than 26 bars, last chord included.
  CHECK(compose(5, {.min_tempo = 120, .max_tempo = 120, .min_seconds = 0, .max_seconds = 1}).duration() < 53);
  CHECK_THROWS_AS(compose(5, {.min_tempo = 120, .max_tempo = 100}), Error);
  CHECK_THROWS_AS(compose(5, {.min_seconds = 2, .max_seconds = 1}), Error);
}
