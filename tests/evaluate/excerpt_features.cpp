#include <algorithm>
#include <catch.hpp>
#include <musicgen/evaluate/excerpt_features.hpp>
#include <numeric>
#include <vector>

using namespace musicgen;
using musicgen::detail::excerpt_features;

namespace {

std::vector<Note> tune_and_chords(double speed, int transposition) {
  std::vector<Note> notes;
  for (int i = 0; i < 40; ++i) {
    const double at = speed * (i + (i % 5 == 2 ? 0.5 : 0));
    notes.push_back({at, at + speed / 2, 70 + i * i % 9 + transposition, 64, 0});
    if (i % 2 == 0)
      for (const int above : {0, 4, 7}) notes.push_back({at, at + speed, 48 + i % 4 + above + transposition, 64, 1});
  }
  return notes;
}

double squares(const std::vector<double>& features, std::size_t from, std::size_t to) {
  return std::inner_product(features.begin() + static_cast<long>(from), features.begin() + static_cast<long>(to),
                            features.begin() + static_cast<long>(from), 0.0);
}

}  // namespace

TEST_CASE("excerpt features: shares of each kind") {
  const auto features = excerpt_features(tune_and_chords(0.25, 0));
  REQUIRE(features.size() == 512);
  const std::vector<std::size_t> borders{0, 40, 104, 168, 232, 272, 336, 400, 464, 512};
  for (std::size_t i = 0; i + 1 < borders.size(); ++i)
    CHECK(squares(features, borders[i], borders[i + 1]) == Approx(1));
  const auto silence = excerpt_features({});
  CHECK(silence == std::vector<double>(512));
}

TEST_CASE("excerpt features: neither key nor loudness matters, and tempo to times alone") {
  const auto features = excerpt_features(tune_and_chords(0.25, 0));
  CHECK(excerpt_features(tune_and_chords(0.25, 5)) == features);
  auto loud = tune_and_chords(0.25, 0);
  for (Note& note : loud) note.velocity = 120;
  CHECK(excerpt_features(loud) == features);
  const auto slow = excerpt_features(tune_and_chords(0.375, 0));
  CHECK(std::equal(slow.begin() + 40, slow.begin() + 232, features.begin() + 40));
  CHECK_FALSE(std::equal(slow.begin(), slow.begin() + 40, features.begin()));
  auto other = tune_and_chords(0.25, 0);
  for (std::size_t i = 0; i < other.size(); ++i)
    if (other[i].track == 0 && i % 2 == 1) other[i].pitch += 1;
  CHECK_FALSE(std::equal(features.begin() + 40, features.begin() + 232, excerpt_features(other).begin() + 40));
}
