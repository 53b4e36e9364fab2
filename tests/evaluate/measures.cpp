#include <catch.hpp>
#include <cmath>
#include <musicgen/analyze/analyze.hpp>
#include <musicgen/evaluate/measures.hpp>
#include <vector>

#include "evaluate/bars.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

ChordSpan chord(int first_beat, int end_beat, int root, ChordQuality quality) {
  ChordSpan span;
  span.first_beat = first_beat;
  span.end_beat = end_beat;
  span.root = root;
  span.quality = quality;
  return span;
}

Measures with_positions(std::size_t place) {
  Measures m;
  m.positions.fill(0);
  m.positions[place] = 1;
  return m;
}

}  // namespace

TEST_CASE("measures: chord tones are counted among the melody's notes on beats") {
  Analysis analysis = bars_of_beats(3, 4);
  analysis.chords = {chord(0, 4, 0, ChordQuality::major), chord(4, 8, 9, ChordQuality::minor),
                     chord(8, 12, 0, ChordQuality::none)};
  Track melody;
  const auto note = [&](std::int64_t tick, int pitch) {
    melody.notes.push_back({tick, tick + 100, static_cast<std::uint8_t>(pitch), 64});
  };
  note(0, 64);             // E in C: yes
  note(230, 65);           // off the beat
  note(480, 65);           // F in C: no
  note(4 * 480, 64);       // E in A minor: yes
  note(5 * 480 - 20, 72);  // C in A minor, a little early: yes
  note(6 * 480, 61);       // C sharp: no
  note(8 * 480, 61);       // no chord
  Score score = piece_with(melody);
  CHECK(chord_tone_share(score, analysis) == Approx(3.0 / 5));
  score.tracks.push_back(notes_at_ticks({0, 480, 960}, 1));  // the accompaniment does not count
  CHECK(chord_tone_share(score, analysis) == Approx(3.0 / 5));
  CHECK(std::isnan(chord_tone_share(score, Analysis{})));
  CHECK(std::isnan(chord_tone_share(Score{}, analysis)));
}

TEST_CASE("measures: chords change from one to another, over silence, too") {
  Analysis analysis = bars_of_beats(4, 4);
  CHECK(chord_changes(analysis) == 0);
  analysis.chords = {chord(0, 4, 0, ChordQuality::major), chord(4, 6, 0, ChordQuality::none),
                     chord(6, 8, 0, ChordQuality::major), chord(8, 12, 0, ChordQuality::minor),
                     chord(12, 16, 7, ChordQuality::major)};
  CHECK(chord_changes(analysis) == Approx(2.0 / 4));
  CHECK(std::isnan(chord_changes(Analysis{})));
}

TEST_CASE("measures: a song with a chorus, in any key and tempo") {
  const Score song = song_with_chorus();
  const Measures m = measures(song);
  REQUIRE(m.has_beat);
  CHECK(m.in_beat == 1);
  CHECK(m.recurrence > 0.8);  // verse and chorus return whole
  CHECK(m.recurrence_after > 20);
  CHECK(m.chord_tones > 0.6);
  CHECK(m.chord_changes == Approx(1).margin(0.1));  // every bar
  CHECK(m.phrase_bars == Approx(40.0 / static_cast<double>(analyze(song).phrases.size())));
  CHECK(m.structureness_8 > 0.7);

  const Measures higher = measures(transposed(song, 3));
  Score fast = song;
  fast.tempo = TempoMap(ticks_a_beat, {{0, 500000}});  // 120 instead of 100 beats per minute
  const Measures faster = measures(fast);
  for (const Measure& measure : measure_list) {
    if (measure.value == &Measures::position_overlap) continue;
    INFO(measure.name);
    CHECK(higher.*measure.value == Approx(m.*measure.value));
    const std::string unit = measure.unit, name = measure.name;
    if (unit != "s" && name != "in_time" && !name.starts_with("recurrence") && name != "melody_rests")
      CHECK(faster.*measure.value == Approx(m.*measure.value));
  }
  CHECK(faster.positions == m.positions);
}

TEST_CASE("measures: a performance has no beat, and nothing that needs one") {
  std::vector<Note> notes;
  for (int i = 0; i < 400; ++i)
    notes.push_back({0.217 * i + 0.07 * (i * i % 7), 0.217 * i + 0.9, 60 + i * i % 17, 64, 0});
  const Measures m = measures(Score::from_notes(notes));
  CHECK_FALSE(m.has_beat);
  CHECK(std::isfinite(m.recurrence));
  CHECK(std::isfinite(m.melody_rests));
  CHECK(std::isfinite(m.in_time));
  for (const double figure : {m.in_beat, m.groove, m.chord_tones, m.chord_changes, m.phrase_bars, m.structureness_4,
                              m.structureness_8, m.structureness_16, m.positions[0]})
    CHECK(std::isnan(figure));
  const Measures none = measures(Score{});
  for (const Measure& measure : measure_list) CHECK(std::isnan(none.*measure.value));
}

TEST_CASE("measures: positions overlap with those of the other real songs") {
  std::vector<Measures> real{with_positions(0), with_positions(0), with_positions(4), Measures{}};
  std::vector<Measures> other{with_positions(4), Measures{}};
  set_position_overlaps(real, other);
  CHECK(other[0].position_overlap == Approx(1.0 / 3));
  CHECK(std::isnan(other[1].position_overlap));
  CHECK(real[0].position_overlap == Approx(0.5));  // of the other two with a beat
  CHECK(real[2].position_overlap == 0);
  CHECK(real[2].positions == with_positions(4).positions);
  CHECK(std::isnan(real[3].position_overlap));
  CHECK(values_of(other, {"position_overlap", "", "", &Measures::position_overlap}).size() == 1);
  CHECK(std::isnan(mean_positions(std::vector<Measures>{Measures{}})[0]));
}
