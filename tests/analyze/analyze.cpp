#include <algorithm>
#include <catch.hpp>
#include <chrono>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <limits>
#include <musicgen/analyze/analyze.hpp>
#include <musicgen/analyze/pop909.hpp>
#include <musicgen/core/random.hpp>
#include <musicgen/midi/score.hpp>
#include <musicgen/midi/smf_reader.hpp>
#include <string>
#include <utility>
#include <vector>

#include "analyze/pieces.hpp"
#include "data_files.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

std::vector<std::string> labels(const auto& spans) {
  std::vector<std::string> all;
  for (const auto& span : spans) all.push_back(span.label());
  return all;
}

/// Checks what must hold for any piece.
void check_form(const Analysis& analysis) {
  const int beats = static_cast<int>(analysis.beats.size()), bars = static_cast<int>(analysis.bars.size());
  CHECK(analysis.no_beat.empty() == analysis.has_beat());
  for (int i = 0; i < beats; ++i) {
    const Beat& beat = analysis.beats[static_cast<std::size_t>(i)];
    REQUIRE((beat.bar >= 0 && beat.bar < bars));
    const Bar& bar = analysis.bars[static_cast<std::size_t>(beat.bar)];
    REQUIRE((bar.first_beat <= i && i < bar.end_beat));
    REQUIRE((beat.place >= 0 && beat.place < bar.meter.beats));
    REQUIRE(analysis.beat_time(i + 1) > beat.time);
  }
  const auto check_spans = [&](const auto& spans) {
    int covered = 0;
    for (const auto& span : spans) {
      REQUIRE((span.first_beat == covered && span.end_beat > covered));
      REQUIRE((span.start == analysis.beat_time(span.first_beat) && span.end == analysis.beat_time(span.end_beat)));
      covered = span.end_beat;
    }
    CHECK((spans.empty() || covered == beats));
  };
  check_spans(analysis.keys);
  check_spans(analysis.chords);
  check_spans(analysis.phrases);
}

/// How well times agree within a tolerance, matched one to one.
double f_measure(const std::vector<Seconds>& found, const std::vector<Seconds>& truth, Seconds tolerance) {
  std::size_t i = 0, j = 0, hits = 0;
  while (i < found.size() && j < truth.size()) {
    if (std::chrono::abs(found[i] - truth[j]) <= tolerance)
      ++hits, ++i, ++j;
    else
      ++(found[i] < truth[j] ? i : j);
  }
  return 2 * static_cast<double>(hits) / static_cast<double>(std::max<std::size_t>(1, found.size() + truth.size()));
}

/// The chord shortly after a time, since beats may differ by some milliseconds.
std::string chord_at(const Analysis& analysis, Seconds time) {
  for (const ChordSpan& chord : analysis.chords)
    if (time + Seconds(0.1) < chord.end) return chord.label();
  return "N";
}

Score score_of_ticks(const std::vector<TickNote>& notes, std::uint16_t division = ticks_a_beat) {
  Score score;
  score.tempo = TempoMap(division);
  score.tracks = {{.name = "", .notes = notes}};
  return score;
}

/// Processor time of an analysis, the least of three runs.
double seconds_of(const Score& score) {
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 3; ++i) {
    const std::clock_t begin = std::clock();
    static_cast<void>(analyze(score));
    least = std::min(least, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  return least;
}

}  // namespace

TEST_CASE("analyze: a waltz in E flat minor that begins half a beat late") {
  const Analysis analysis = analyze(waltz());
  check_form(analysis);
  CHECK(to_string(analysis.meter) == "3/4");
  CHECK(analysis.tempo == Approx(96).epsilon(1e-6));
  REQUIRE(analysis.beats.size() == 48);
  for (std::size_t i = 0; i < 48; ++i) {
    CHECK(analysis.beats[i].time.count() == Approx((0.5 + static_cast<double>(i)) * 60 / 96));
    CHECK(analysis.beats[i].tick == 240 + 480 * static_cast<int>(i));
    CHECK(analysis.beats[i].place == static_cast<int>(i % 3));
  }
  CHECK(analysis.downbeats().size() == 16);
  REQUIRE(analysis.keys.size() == 1);
  CHECK(analysis.main_key()->label() == "Eb:min");
  REQUIRE(analysis.chords.size() == 13);  // the tonic ends one round and begins the next
  CHECK(labels(analysis.chords)[0] == "Eb:min");
  CHECK(labels(analysis.chords)[1] == "Ab:min");
  CHECK(labels(analysis.chords)[2] == "Bb:maj");
  CHECK(analysis.chords[1].first_beat == 3);
}

TEST_CASE("analyze: beats are where notes have them, whatever the offset") {
  for (const int offset : {0, 37, 120, 240, 360, 479}) {
    const Analysis analysis = analyze(waltz(120, offset));
    REQUIRE(analysis.has_beat());
    CHECK(analysis.beats.size() == 48);
    CHECK(analysis.beats[0].tick == Approx(offset).margin(1));
    CHECK(analysis.beats[0].place == 0);
  }
}

TEST_CASE("analyze: a song in four, its chorus and what has no tune") {
  const Analysis analysis = analyze(song_with_chorus());
  check_form(analysis);
  CHECK(to_string(analysis.meter) == "4/4");
  CHECK(analysis.bars.size() == 40);
  CHECK(analysis.main_key()->label() == "C:maj");
  for (std::size_t i = 0; i < analysis.beats.size(); ++i) REQUIRE(analysis.beats[i].place == static_cast<int>(i % 4));
  const auto phrase_at = [&](int bar) {
    for (const PhraseSpan& phrase : analysis.phrases)
      if (phrase.first_bar <= bar && bar < phrase.end_bar) return phrase;
    return PhraseSpan{};
  };
  CHECK(phrase_at(0).letter == 'i');
  CHECK(phrase_at(0).end_bar == 4);
  CHECK(phrase_at(39).letter == 'o');
  CHECK(phrase_at(39).first_bar == 36);
  CHECK(phrase_at(4).letter == phrase_at(20).letter);
  CHECK(phrase_at(12).letter == phrase_at(28).letter);
  CHECK(phrase_at(4).letter != phrase_at(12).letter);
  for (const int bar : {4, 12, 20, 28}) CHECK(phrase_at(bar).first_bar == bar);
}

TEST_CASE("analyze: transposing a song transposes keys and chords, and nothing else") {
  const Analysis original = analyze(song_with_chorus());
  for (const int semitones : {-11, -5, 1, 6}) {
    Analysis moved = analyze(transposed(song_with_chorus(), semitones));
    const auto back = [&](int& pitch_class) { pitch_class = ((pitch_class - semitones) % 12 + 12) % 12; };
    for (KeySpan& key : moved.keys) back(key.tonic);
    for (ChordSpan& chord : moved.chords)
      if (chord.quality != ChordQuality::none) back(chord.root), back(chord.bass);
    CHECK(moved == original);
  }
}

TEST_CASE("analyze: moving a song by whole beats moves all that is found") {
  const Analysis original = analyze(waltz());
  const Analysis moved = analyze(shifted(waltz(), 30 * ticks_a_beat));
  check_form(moved);
  REQUIRE(moved.beats.size() == original.beats.size() + 30);
  for (std::size_t i = 0; i < original.beats.size(); ++i) {
    REQUIRE(moved.beats[i + 30].tick == original.beats[i].tick + 30 * ticks_a_beat);
    REQUIRE(moved.beats[i + 30].place == original.beats[i].place);
  }
  CHECK(moved.main_key()->label() == original.main_key()->label());
  CHECK(moved.chords.front().label() == "N");
  REQUIRE(moved.chords.size() == original.chords.size() + 1);
  for (std::size_t i = 0; i < original.chords.size(); ++i) {
    CHECK(moved.chords[i + 1].label() == original.chords[i].label());
    CHECK(moved.chords[i + 1].first_beat == original.chords[i].first_beat + 30);
  }
}

TEST_CASE("analyze: a key that changes for long is found where it changes") {
  SongMaker song(4);
  const auto part = [&](int tonic) {
    for (int i = 0; i < 40; ++i) {
      const int roots[] = {tonic, tonic + 5, tonic + 7, tonic};
      const int root = roots[i % 4] % 12;
      song.bar({root, false}, {60 + root, 64 + root, 67 + root, 64 + root});
    }
  };
  part(2), part(5);
  const Analysis analysis = analyze(song.score());
  CHECK(labels(analysis.keys) == std::vector<std::string>{"D:maj", "F:maj"});
  CHECK(std::abs(analysis.keys[1].first_beat - 160) <= 4);
}

TEST_CASE("analyze: the tempo map is followed, and the median told") {
  Score score = waltz(100, 0, 30);
  score.tempo = TempoMap(ticks_a_beat, {{0, 600000}, {20 * ticks_a_beat, 1000000}, {30 * ticks_a_beat, 600000}});
  const Analysis analysis = analyze(score);
  check_form(analysis);
  CHECK(analysis.tempo == Approx(100));
  CHECK(analysis.beats[20].time.count() == Approx(12));
  CHECK(analysis.beats[30].time.count() == Approx(22));
  CHECK(analysis.beats[31].time.count() == Approx(22.6));
}

TEST_CASE("analyze: metres that only the file can tell are the file's") {
  std::vector<TickNote> notes;
  for (int i = 0; i < 100; ++i) notes.push_back({i * 480, i * 480 + 470, 60, 80});
  Score score = score_of_ticks(notes);
  score.time_signatures = {{0, 5, 4}};
  const Analysis analysis = analyze(score);
  CHECK(to_string(analysis.meter) == "5/4");
  CHECK(analysis.bars.size() == 20);
  score.time_signatures = {{0, 6, 8}};
  CHECK(to_string(analyze(score).meter) == "3/4");
}

TEST_CASE("analyze: what was played freely has no beat, and the reason is told") {
  Random random(7, 0);
  std::vector<TickNote> notes;
  std::int64_t at = 0;
  for (int i = 0; i < 500; ++i) {
    at += 100 + static_cast<std::int64_t>(random.below(400));
    notes.push_back({at, at + 300, static_cast<std::uint8_t>(50 + random.below(24)), 80});
  }
  const Analysis analysis = analyze(score_of_ticks(notes));
  check_form(analysis);
  CHECK_FALSE(analysis.has_beat());
  CHECK_THAT(analysis.no_beat, Catch::Contains("do not keep to the grid"));
  CHECK(analysis.main_key() == nullptr);
}

TEST_CASE("analyze: scores with little in them") {
  CHECK_THAT(analyze(Score{}).no_beat, Catch::Contains("no notes"));
  CHECK_THAT(analyze(score_of_ticks({{0, 480, 60, 80}})).no_beat, Catch::Contains("too few"));
  CHECK_THAT(analyze(score_of_ticks({{0, 480, 60, 80}}, 0xE728)).no_beat, Catch::Contains("frames"));
  CHECK_THAT(analyze(score_of_ticks({{0, 480, 60, 80}, {1LL << 40, (1LL << 40) + 1, 60, 80}}, 1)).no_beat,
             Catch::Contains("longer"));
  Score drums = waltz();
  for (Track& track : drums.tracks) track.channel = drum_channel;
  const Analysis beat = analyze(drums);
  check_form(beat);
  CHECK(beat.has_beat());
  CHECK(labels(beat.chords) == std::vector<std::string>{"N"});
  CHECK(beat.keys.empty());
}

TEST_CASE("analyze: one track, an upbeat before the first beat, a note at the very end") {
  std::vector<TickNote> notes{{120, 230, 67, 80}};
  for (int i = 0; i < 64; ++i)
    for (const int pitch : {48, 64, 67})
      if (pitch != 48 || i % 4 == 0)
        notes.push_back({240 + i * 480, 240 + i * 480 + 400, static_cast<std::uint8_t>(pitch), 80});
  const Analysis analysis = analyze(score_of_ticks(notes));
  check_form(analysis);
  CHECK(analysis.beats[0].tick == -240);
  CHECK(analysis.beats[1].tick == 240);
}

TEST_CASE("analyze: whatever the notes, what is found hangs together") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed, 1);
    const auto below = [&](int n) { return static_cast<int>(random.below(static_cast<std::uint64_t>(n))); };
    const int division = 1 + below(seed % 2 == 0 ? 8 : 960), grid = std::max(1, division / (1 + below(4)));
    Score score;
    std::vector<TempoChange> tempo;
    for (int i = below(4); i > 0; --i)
      tempo.push_back({below(200) * grid, static_cast<std::uint32_t>(1 + below(2000000))});
    score.tempo = TempoMap(static_cast<std::uint16_t>(division), tempo);
    for (int i = below(3); i > 0; --i)
      score.time_signatures.push_back({below(100) * division, 1 + below(12), 1 << below(5)});
    for (int k = below(4); k >= 0; --k) {
      Track track{.name = k == 2 ? "Melody" : "", .channel = below(16)};
      if (below(8) == 0) track.own_tempo = TempoMap(static_cast<std::uint16_t>(1 + below(480)));
      for (int i = below(below(2) == 0 ? 5 : 300); i > 0; --i) {
        const std::int64_t start = below(400) * grid + (below(20) == 0 ? below(division) : 0);
        track.notes.push_back({start, start + 1 + below(below(10) == 0 ? 100 * division : 2 * division),
                               static_cast<std::uint8_t>(below(128)), static_cast<std::uint8_t>(1 + below(127))});
      }
      std::sort(track.notes.begin(), track.notes.end(), by_onset);
      score.tracks.push_back(std::move(track));
    }
    INFO("seed " << seed);
    check_form(analyze(score));
  }
}

TEST_CASE("analyze: time grows with the length of a piece and not its square") {
  const auto linear = [](const auto& make, int size) {
    const double little = seconds_of(make(size)), much = seconds_of(make(4 * size));
    INFO(little << " s, four times as much " << much << " s");
    CHECK(much < 10 * little);  // 4 if linear, 16 if not
  };
  linear([](int bars) { return waltz(120, 0, bars); }, 3000);
  linear(
      [](int notes) {  // a melody whose notes are all held until the end
        Track track{.name = "melody"};
        for (int i = 0; i < notes; ++i)
          track.notes.push_back({i * 120, notes * 120, static_cast<std::uint8_t>(60 + i % 12), 80});
        Score score;
        score.tempo = TempoMap(ticks_a_beat);
        score.tracks = {track};
        return score;
      },
      30000);
}

TEST_CASE("analyze: real songs, as people have annotated them") {
  const auto music = pop909_dir(), annotations = pop909_annotations_dir();
  if (!music || !annotations) return skip("POP909 or its annotations are not here");
  double songs = 0, beats = 0, downbeats = 0, keys = 0, chords = 0, phrases = 0;
  for (int number = 5; number < 910; number += 10) {
    const std::string name = (number < 10 ? "00" : number < 100 ? "0" : "") + std::to_string(number);
    const auto folders = find_pop909_annotations(*annotations, name);
    if (!folders || !std::filesystem::exists(*music / name / (name + ".mid"))) continue;
    const Score score = read_midi(*music / name / (name + ".mid"));
    const Analysis truth = read_pop909_annotations(*folders, score), found = analyze(score);
    check_form(truth);
    check_form(found);
    const auto times = [](const auto& spans) {
      std::vector<Seconds> all;
      for (const auto& span : spans) all.push_back(span.start);
      return all;
    };
    std::vector<Seconds> truth_beats, found_beats;
    for (const Beat& beat : truth.beats) truth_beats.push_back(beat.time);
    for (const Beat& beat : found.beats) found_beats.push_back(beat.time);
    const Seconds bar(60 / truth.tempo * truth.meter.beats);
    songs += 1;
    beats += f_measure(found_beats, truth_beats, Seconds(0.07));
    downbeats += f_measure(found.downbeats(), truth.downbeats(), Seconds(0.07));
    phrases += f_measure(times(found.phrases), times(truth.phrases), bar);
    keys += found.main_key() != nullptr && found.main_key()->label() == truth.main_key()->label();
    int right = 0;
    for (const Beat& beat : truth.beats) right += chord_at(found, beat.time) == chord_at(truth, beat.time);
    chords += right / static_cast<double>(truth.beats.size());
  }
  if (songs == 0) return skip("no validation songs here");
  CHECK(beats / songs >= 0.97);
  CHECK(downbeats / songs >= 0.85);
  CHECK(keys / songs >= 0.85);
  CHECK(chords / songs >= 0.75);
  CHECK(phrases / songs >= 0.7);
}
