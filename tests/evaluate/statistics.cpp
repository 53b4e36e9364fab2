#include <catch.hpp>
#include <cmath>
#include <musicgen/evaluate/statistics.hpp>
#include <vector>

using namespace musicgen;

namespace {

Statistics of(const std::vector<Note>& notes) {
  return statistics(notes);
}

}  // namespace

TEST_CASE("statistics: a piece of four notes, by hand") {
  // seconds   0---1---2---3---4
  //  C4 v60   ====
  //  E4 v80   ========
  //  G4 v100      ====
  //  C5 v80               ====
  const Statistics s = of({{0, 1, 60, 60, 0}, {0, 2, 64, 80, 0}, {1, 2, 67, 100, 1}, {3, 4, 72, 80, 0}});
  CHECK(s.pitches == 4);
  CHECK(s.pitch_range == 12);
  CHECK(s.pitch_entropy == Approx(2));          // four times 1/4
  CHECK(s.pitch_class_entropy == Approx(1.5));  // 1/2, 1/4, 1/4
  CHECK(s.scale_consistency == 1);
  CHECK(s.polyphony == Approx(5.0 / 3));  // (1 + 2 + 1 + 1) s over the 3 s that are not silent
  CHECK(s.polyphony_rate == Approx(0.5));
  CHECK(s.note_density == Approx(1));
  CHECK(s.inter_onset == Approx(1.5));  // onsets at 0, 1, 3
  CHECK(s.note_length == Approx(1.25));
  CHECK(s.velocity == Approx(80));
  CHECK(s.velocity_spread == Approx(std::sqrt(200)));  // 20, 0, 20, 0 from the mean
}

TEST_CASE("statistics: neither the order of notes nor when the piece begins matters") {
  const Statistics s = of({{13, 14, 72, 80, 0}, {11, 12, 67, 100, 1}, {10, 11, 60, 60, 0}, {10, 12, 64, 80, 0}});
  CHECK(s.polyphony == Approx(5.0 / 3));
  CHECK(s.polyphony_rate == Approx(0.5));
  CHECK(s.note_density == Approx(1));
  CHECK(s.inter_onset == Approx(1.5));
}

TEST_CASE("statistics: unisons are one pitch to polyphony, and two notes to all else") {
  const Statistics s = of({{0, 1, 60, 64, 0}, {0, 2, 60, 64, 1}});
  CHECK(s.polyphony == 1);
  CHECK(s.polyphony_rate == 0);
  CHECK(s.note_density == 1);
  CHECK(s.pitches == 1);
  CHECK(s.pitch_entropy == 0);
}

TEST_CASE("statistics: scale consistency is that of the best of all keys") {
  const auto consistency = [](const std::vector<int>& pitches) {
    std::vector<Note> notes;
    for (double at = 0; const int pitch : pitches) notes.push_back({at, at + 1, pitch, 64, 0}), at += 1;
    return of(notes).scale_consistency;
  };
  CHECK(consistency({60, 62, 64, 66}) == 1);              // C D E F#: G major
  CHECK(consistency({57, 59, 60, 62, 64, 65, 67}) == 1);  // A minor
  CHECK(consistency({60, 61, 62}) == Approx(2.0 / 3));    // no scale has three semitones in a row
  CHECK(consistency({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) == Approx(7.0 / 12));
  CHECK(consistency({61, 61, 61, 60, 62}) == Approx(4.0 / 5));
}

TEST_CASE("statistics: twelve equally frequent pitch classes have log2(12) bits") {
  std::vector<Note> notes;
  for (int pitch = 0; pitch < 120; ++pitch) notes.push_back({0, 1, pitch, 64, 0});
  CHECK(of(notes).pitch_class_entropy == Approx(std::log2(12)));
  CHECK(of(notes).pitch_entropy == Approx(std::log2(120)));
  CHECK(of(notes).polyphony == Approx(120));
}

TEST_CASE("statistics: one note, one chord, no note") {
  const Statistics one = of({{2, 2.5, 127, 1, 0}});
  CHECK(one.pitch_range == 0);
  CHECK(one.note_density == Approx(2));
  CHECK(one.note_length == Approx(0.5));
  CHECK(one.velocity_spread == 0);
  CHECK(std::isnan(one.inter_onset));
  CHECK(std::isnan(of({{0, 1, 60, 64, 0}, {0, 1, 64, 64, 0}}).inter_onset));

  const Statistics none = of({});
  for (const Statistic& statistic : statistic_list) CHECK(std::isnan(none.*statistic.value));
  const std::vector<Statistics> pieces{one, none, of({{0, 1, 60, 64, 0}, {3, 4, 60, 64, 0}})};
  CHECK(values_of(pieces, {"inter_onset", "", "", &Statistics::inter_onset}) == std::vector<double>{3});
  CHECK(values_of(pieces, {"pitches", "", "", &Statistics::pitches}) == std::vector<double>{1, 1});
}

TEST_CASE("statistics: groove consistency compares each bar's onsets with the next one's") {
  const std::vector<double> bars{0, 2, 4, 6};
  const auto notes_at = [](const std::vector<double>& onsets) {
    std::vector<Note> notes;
    for (const double onset : onsets) notes.push_back({onset, onset + 0.1, 60, 64, 0});
    return notes;
  };
  // Of four positions in a bar: 1010, 1010, 0100. None differs, then three: 1 - 3 / (2 * 4).
  CHECK(groove_consistency(notes_at({0, 1, 2, 3, 4.5}), bars, 4) == Approx(0.625));
  // A little early or late is the same position, also across the bar line.
  CHECK(groove_consistency(notes_at({0.1, 1.1, 1.9, 3.2, 4.4}), bars, 4) == Approx(0.625));
  CHECK(groove_consistency(notes_at({}), bars) == 1);
  CHECK(groove_consistency(notes_at({-1, 6, 9}), bars) == 1);  // outside
  CHECK(std::isnan(groove_consistency(notes_at({0, 1}), std::vector<double>{0, 2})));
}
