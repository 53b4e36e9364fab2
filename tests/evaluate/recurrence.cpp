#include <catch.hpp>
#include <cmath>
#include <musicgen/evaluate/recurrence.hpp>
#include <vector>

using namespace musicgen;

namespace {

/// Twenty notes in which no run of seven occurs twice.
std::vector<Note> theme(double at, double step, int transposition = 0) {
  std::vector<Note> notes;
  for (int i = 0; i < 20; ++i) {
    const double start = at + step * (i + (i % 3 == 1 ? 0.5 : 0));
    notes.push_back({start, start + step / 2, 60 + i * i * 7 % 13 + transposition, 64, 0});
  }
  return notes;
}

std::vector<Note> joined(std::vector<Note> a, const std::vector<Note>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

constexpr Note opening{0, 0.1, 90, 64, 0};

}  // namespace

TEST_CASE("recurrence: a theme returns in another key and tempo") {
  const auto melody = joined(theme(10, 0.5), theme(70, 0.55, 4));
  const Recurrence heard = melody_recurrence(melody);
  CHECK(heard.share == 1);  // all runs that begin after 45 s lie in the second theme: 14
  // The n-th run returns 60 s + 0.05 n later, give or take the delay of every third note.
  CHECK(heard.after == Approx(60.3).margin(0.05));
}

TEST_CASE("recurrence: half a theme returns") {
  auto second = theme(70, 0.5);
  for (std::size_t i = 10; i < second.size(); ++i) second[i].pitch = 40 + static_cast<int>(i * i % 11);
  const Recurrence heard = melody_recurrence(joined(theme(10, 0.5), second));
  CHECK(heard.share == Approx(4.0 / 14));  // runs 0 to 3, of the ten unchanged notes
  CHECK(heard.after == Approx(60));
}

TEST_CASE("recurrence: what was heard just now does not count") {
  auto melody = joined({opening}, theme(50, 0.2));
  melody = joined(melody, theme(60, 0.2));
  CHECK(melody_recurrence(melody).share == 0);
  CHECK(std::isnan(melody_recurrence(melody).after));
  CHECK(melody_recurrence(melody, {.distance = 5}).share == Approx(14.0 / 34));
  CHECK(melody_recurrence(melody, {.distance = 5}).after == Approx(10));
  // The later of two hearings that are long enough ago.
  CHECK(melody_recurrence(joined(melody, theme(90, 0.2)), {.begin = 90}).after == Approx(30));
}

TEST_CASE("recurrence: rhythm counts up to half an octave, and far ratios are one") {
  const auto with_last_gap = [](double gap) {
    auto again = theme(70, 0.5);
    again.resize(7);
    again[6].start = again[5].start + gap;
    return melody_recurrence(joined(theme(10, 0.5), again)).share;
  };
  const auto first = theme(10, 0.5);
  const double gap = first[6].start - first[5].start;
  CHECK(with_last_gap(gap) == 1);
  CHECK(with_last_gap(gap * 1.2) == 1);
  CHECK(with_last_gap(gap * 4) == 0);
  auto slow = first, slower = theme(70, 0.5);
  slow.resize(7), slower.resize(7);
  slow[6].start = slow[5].start + 20 * gap;
  slower[6].start = slower[5].start + 200 * gap;
  CHECK(melody_recurrence(joined(slow, slower)).share == 1);
}

TEST_CASE("recurrence: a melody that ends too early has none, and a run has three notes") {
  CHECK(std::isnan(melody_recurrence(joined(theme(0, 0.5), theme(20, 0.5))).share));
  CHECK(std::isnan(melody_recurrence({}).share));
  CHECK_THROWS_AS(melody_recurrence({}, {.notes = 2}), Error);
}

TEST_CASE("recurrence: a melody is the highest voice of the first track with notes") {
  Score score;
  score.tempo = TempoMap(1000);  // 2 ticks a millisecond
  score.tracks = {
      Track{.channel = drum_channel, .notes = {{0, 100, 36, 64}}}, Track{.name = "empty"},
      Track{.channel = 1, .notes = {{0, 500, 60, 64}, {60, 500, 67, 64}, {78, 500, 64, 64}, {1000, 1100, 62, 64}}},
      Track{.channel = 2, .notes = {{0, 500, 90, 64}}}};
  const auto line = melody_line(score);
  REQUIRE(line.size() == 2);
  CHECK(line[0].pitch == 67);
  CHECK(line[0].start == 0);
  CHECK(line[1].pitch == 62);
  CHECK(melody_line(Score{}).empty());
}

TEST_CASE("recurrence: a rest is half a second of silence") {
  const std::vector<Note> melody{{0, 1, 60, 64, 0}, {2, 3, 60, 64, 0}, {3.2, 4, 60, 64, 0}, {7, 8, 60, 64, 0}};
  CHECK(melody_rests(melody).share == Approx(4.0 / 8));
  CHECK(melody_rests(melody).median == Approx(2));
  const std::vector<Note> held{{0, 5, 60, 64, 0}, {1, 2, 64, 64, 0}, {4, 6, 60, 64, 0}};
  CHECK(melody_rests(held).share == 0);
  CHECK(std::isnan(melody_rests(held).median));
  CHECK(std::isnan(melody_rests({}).share));
}
