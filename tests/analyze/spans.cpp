#include <catch.hpp>
#include <musicgen/analyze/spans.hpp>
#include <vector>

using namespace musicgen;

namespace {

Analysis beats(int count) {
  Analysis analysis;
  for (int i = 0; i < count; ++i) analysis.beats.push_back({.time = Seconds(i)});
  analysis.end = Seconds(count);
  return analysis;
}

std::vector<bool> marks(int count, const std::vector<int>& where) {
  std::vector<bool> all(static_cast<std::size_t>(count));
  for (const int i : where) all[static_cast<std::size_t>(i)] = true;
  return all;
}

}  // namespace

TEST_CASE("spans: an upbeat has the last places of its bar, a short bar a metre of its own") {
  Analysis analysis = beats(13);
  detail::set_bars(analysis, marks(13, {1, 5, 7, 11}), {4, 4});
  CHECK(analysis.bars ==
        std::vector<Bar>{{0, 1, {4, 4}}, {1, 5, {4, 4}}, {5, 7, {2, 4}}, {7, 11, {4, 4}}, {11, 13, {4, 4}}});
  std::vector<int> places;
  for (const Beat& beat : analysis.beats) places.push_back(beat.place);
  CHECK(places == std::vector<int>{3, 0, 1, 2, 3, 0, 1, 0, 1, 2, 3, 0, 1});
  CHECK(analysis.beats[12].bar == 4);
}

TEST_CASE("spans: the nearest beat and bar") {
  Analysis analysis = beats(8);
  detail::set_bars(analysis, marks(8, {0, 4}), {4, 4});
  CHECK(detail::nearest_beat(analysis, Seconds(-3)) == 0);
  CHECK(detail::nearest_beat(analysis, Seconds(2.4)) == 2);
  CHECK(detail::nearest_beat(analysis, Seconds(2.6)) == 3);
  CHECK(detail::nearest_beat(analysis, Seconds(7.9)) == 8);
  CHECK(detail::nearest_bar(analysis, 1) == 0);
  CHECK(detail::nearest_bar(analysis, 3) == 1);
  CHECK(detail::nearest_bar(analysis, 8) == 2);
}

TEST_CASE("spans: what says the same is one span") {
  std::vector<KeySpan> keys;
  const Analysis analysis = beats(4);
  for (int i = 0; i < 4; ++i) {
    KeySpan key{detail::beat_span(analysis, i, i + 1)};
    key.tonic = i / 3;
    detail::append_span(keys, key);
  }
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].end == Seconds(3));
  CHECK(keys[0].end_beat == 3);
  CHECK(keys[1].first_beat == 3);
}
