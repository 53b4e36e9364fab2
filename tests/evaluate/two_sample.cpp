#include <algorithm>
#include <catch.hpp>
#include <chrono>
#include <cstdint>
#include <musicgen/core/error.hpp>
#include <musicgen/core/random.hpp>
#include <musicgen/core/thread_pool.hpp>
#include <musicgen/evaluate/two_sample.hpp>
#include <vector>

using namespace musicgen;
using namespace std::chrono_literals;

namespace {

/// A melody that wanders by up to `reach` semitones, and a bass.
std::vector<Note> wandering(Random& random, int reach) {
  std::vector<Note> notes;
  int pitch = 70;
  for (double at = 0; at < 30; at += 0.25 * random.between(1, 3)) {
    pitch = std::clamp(pitch + random.between(-reach, reach), 55, 90);
    notes.push_back({at, at + 0.2, pitch, 64, 0});
    if (random.below(3) == 0) notes.push_back({at, at + 0.5, random.between(36, 48), 64, 1});
  }
  return notes;
}

std::vector<Excerpt> songs(std::size_t count, int reach, std::uint64_t seed) {
  std::vector<Excerpt> all;
  Random random(seed);
  for (std::size_t i = 0; i < 3 * count; ++i) all.push_back({wandering(random, reach), seed * 1000 + i / 3});
  return all;
}

}  // namespace

TEST_CASE("two-sample test: different music is told apart, music of one kind is not") {
  const auto first = songs(20, 3, 1), same = songs(20, 3, 2), other = songs(20, 6, 3);
  const TwoSampleResult different = two_sample_test(first, other), alike = two_sample_test(first, same);
  CHECK(different.accuracy > 0.9);
  CHECK(different.standard_error < 0.06);
  CHECK(alike.accuracy == Approx(0.5).margin(0.12));
  CHECK(alike.folds == 5);
  CHECK(alike.first_excerpts == 60);
  CHECK(alike.second_excerpts == 60);
}

TEST_CASE("two-sample test: excerpts of a song are not asked about by who has learned from others of it") {
  // All excerpts of a song play its own tune, so a classifier that had seen one of them would know the others' set.
  const auto sets = [](std::uint64_t seed) {
    std::vector<Excerpt> all;
    Random random(seed);
    for (std::size_t song = 0; song < 12; ++song) {
      const auto tune = wandering(random, 5);
      for (int i = 0; i < 6; ++i) all.push_back({tune, seed * 1000 + song});
    }
    return all;
  };
  CHECK(two_sample_test(sets(1), sets(2)).accuracy < 0.75);
}

TEST_CASE("two-sample test: sets of different sizes count the same") {
  const TwoSampleResult result = two_sample_test(songs(40, 3, 1), songs(8, 3, 2));
  CHECK(result.accuracy == Approx(0.5).margin(0.2));
  CHECK(result.first_excerpts == 120);
  CHECK(two_sample_test(songs(40, 3, 1), songs(8, 6, 3)).accuracy > 0.85);
}

TEST_CASE("two-sample test: the same for one seed and any number of threads") {
  const auto first = songs(6, 3, 1), other = songs(5, 4, 2);
  const TwoSampleResult result = two_sample_test(first, other);
  ThreadPool one(1), three(3);
  for (ThreadPool* pool : {&one, &three}) {
    const UseThreadPool use(*pool);
    const TwoSampleResult again = two_sample_test(first, other);
    CHECK(again.accuracy == result.accuracy);
    CHECK(again.standard_error == result.standard_error);
  }
  CHECK(two_sample_test(first, other, {.folds = 20}).folds == 5);  // as many as there are songs
}

TEST_CASE("two-sample test: what it cannot do") {
  const auto first = songs(3, 3, 1), other = songs(3, 3, 2);
  CHECK_THROWS_WITH(two_sample_test(first, songs(1, 3, 2)), Catch::Contains("two songs or more"));
  CHECK_THROWS_WITH(two_sample_test({}, other), Catch::Contains("two songs or more"));
  CHECK_THROWS_WITH(two_sample_test(first, first), Catch::Contains("is in both"));
  CHECK_THROWS_WITH(two_sample_test(first, other, {.folds = 1}), Catch::Contains("two folds at least, not 1"));
}

TEST_CASE("two-sample test: a song is cut into excerpts") {
  std::vector<Note> notes;
  for (int i = 0; i < 250; ++i) notes.push_back({7 + i * 0.5, 7 + i * 0.5 + 0.5, 60, 64, 0});  // 125 s
  const auto minutes = excerpts_of(notes, 60s, 9);
  REQUIRE(minutes.size() == 2);  // the last 5 s are left out
  CHECK(minutes[0].notes.size() == 120);
  CHECK(minutes[1].notes.front().start == 67);
  CHECK(minutes[1].song == 9);
  notes.resize(220);  // 110 s: 50 s are enough
  CHECK(excerpts_of(notes, 60s, 0).size() == 2);
  notes.resize(200);
  CHECK(excerpts_of(notes, 60s, 0).size() == 1);
  notes.resize(20);  // a short song is one excerpt
  CHECK(excerpts_of(notes, 60s, 0).size() == 1);
  notes.resize(15);
  CHECK(excerpts_of(notes, 60s, 0).empty());
  CHECK(excerpts_of({}, 60s, 0).empty());
  CHECK_THROWS_AS(excerpts_of(notes, 0s, 0), Error);
}
