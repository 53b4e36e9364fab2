#include <catch.hpp>
#include <cmath>
#include <musicgen/tokens/encoder.hpp>

#include "songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

struct EncodingCase {
  std::string name;
  std::vector<MillisecondNote> notes;
  std::string tokens;
  EncodeReport report = {};
};

const std::vector<EncodingCase> encoding_cases{
    {"no notes", {}, "^ $"},
    {"one note; the silence before it is not said", {{1500, 2000, 60}}, "^ +60 v63 i0 t50 -60 i0 $"},
    {"times to the nearest step", {{0, 104, 60}, {106, 196, 62}}, "^ +60 v63 i0 t10 -60 i0 t1 +62 v63 i0 t9 -62 i0 $"},
    {"halves go up",
     {{0, 15, 60}, {25, 105, 62}, {205, 1005, 64}},
     "^ +60 v63 i0 t2 -60 i0 t1 +62 v63 i0 t8 -62 i0 t10 +64 v63 i0 t80 -64 i0 $"},
    {"rounded from the first onset, not from 0",
     {{7, 107, 60}, {211, 307, 60}},
     "^ +60 v63 i0 t10 -60 i0 t10 +60 v63 i0 t10 -60 i0 $"},
    {"a note lasts a step at least", {{0, 1, 60}, {14, 16, 62}}, "^ +60 v63 i0 t1 -60 i0 +62 v63 i0 t1 -62 i0 $"},
    {"a gap of 100, 101, 200 and 250 steps",
     {{0, 1000, 1}, {1000, 2010, 2}, {2010, 4010, 3}, {4010, 6510, 4}},
     "^ +1 v63 i0 t100 -1 i0 +2 v63 i0 t100 t1 -2 i0 +3 v63 i0 t100 t100 -3 i0 +4 v63 i0 t100 t100 t50 -4 i0 $"},
    {"in a step offs before ons, each by track, then pitch",
     {{0, 500, 70, 64, 0}, {0, 500, 60, 64, 0}, {0, 500, 50, 64, 1}, {500, 600, 48, 64, 1}, {500, 600, 72, 64, 0}},
     "^ +60 v63 i0 +70 v63 i0 +50 v63 i1 t50 -60 i0 -70 i0 -50 i1 +72 v63 i0 +48 v63 i1 t10 -72 i0 -48 i1 $"},
    {"of notes in one step the louder stays, with its own end",
     {{0, 500, 60, 50}, {4, 200, 60, 80}},
     "^ +60 v79 i0 t20 -60 i0 $",
     {.merged = 1}},
    {"the louder as played, not as quantized",
     {{0, 500, 60, 64}, {4, 200, 60, 65}},
     "^ +60 v63 i0 t20 -60 i0 $",
     {.merged = 1}},
    {"of equally loud notes the longer",
     {{0, 200, 60}, {2, 500, 60}, {4, 300, 60}},
     "^ +60 v63 i0 t50 -60 i0 $",
     {.merged = 2}},
    {"no merging across pitches and tracks",
     {{0, 100, 60}, {0, 100, 61}, {0, 100, 60, 64, 1}},
     "^ +60 v63 i0 +61 v63 i0 +60 v63 i1 t10 -60 i0 -61 i0 -60 i1 $"},
    {"a note struck again ends the older",
     {{0, 500, 60, 40}, {200, 300, 60, 100}},
     "^ +60 v39 i0 t20 -60 i0 +60 v99 i0 t10 -60 i0 $",
     {.restruck = 1}},
    {"not where only rounding makes them meet",
     {{0, 204, 60}, {196, 300, 60}},
     "^ +60 v63 i0 t20 -60 i0 +60 v63 i0 t10 -60 i0 $"},
    {"not on another track",
     {{0, 500, 60}, {200, 300, 60, 64, 1}},
     "^ +60 v63 i0 t20 +60 v63 i1 t10 -60 i1 t20 -60 i0 $"},
    {"merged, then struck again",
     {{0, 900, 60, 90}, {0, 950, 60, 80}, {300, 400, 60, 90}},
     "^ +60 v91 i0 t30 -60 i0 +60 v91 i0 t10 -60 i0 $",
     {.merged = 1, .restruck = 1}},
    {"all velocities have a bin", {{0, 10, 60, 1}, {0, 10, 61, 127}}, "^ +60 v10 i0 +61 v127 i0 t1 -60 i0 -61 i0 $"},
};

}  // namespace

TEST_CASE("tokens: a score becomes tokens by the rules") {
  const auto vocabulary = Vocabulary::standard();
  for (const auto& [name, notes, expected, report] : encoding_cases) {
    INFO(name);
    const Encoded encoded = encode(score_of(notes), vocabulary);
    CHECK(text(vocabulary, encoded.tokens) == expected);
    CHECK(encoded.report == report);
  }
}

TEST_CASE("tokens: the order of notes in a score makes no difference") {
  const auto vocabulary = Vocabulary::standard();
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Score score = random_score(seed);
    const auto expected = encode(score, vocabulary);
    for (Track& track : score.tracks) std::reverse(track.notes.begin(), track.notes.end());
    const auto reversed = encode(score, vocabulary);
    CHECK(reversed.tokens == expected.tokens);
    CHECK(reversed.report == expected.report);
  }
}

TEST_CASE("tokens: rounding errors do not add up") {
  const auto vocabulary = Vocabulary::standard();
  Score score;
  score.tempo = TempoMap(96, {{0, 333333}, {7001, 271828}});
  score.tracks.resize(1);
  for (int i = 0; i < 3000; ++i) score.tracks[0].notes.push_back({5 + i * 7, 5 + i * 7 + 6, 60, 64});
  const GridSong song = quantize(score, vocabulary);
  REQUIRE(song.notes.size() == 3000);
  const auto notes = score.notes();
  for (std::size_t i = 0; i < notes.size(); ++i) {
    REQUIRE(std::abs(song.notes[i].start * step_seconds - (notes[i].start - notes[0].start)) <= 0.005 + 1e-9);
    REQUIRE(std::abs(song.notes[i].end * step_seconds - (notes[i].end - notes[0].start)) <= 0.005 + 1e-9);
  }
}

TEST_CASE("tokens: tracks are those with melodic notes, in order of appearance, with their programs") {
  const auto vocabulary = Vocabulary::standard();
  Score score;
  score.tracks.resize(5);
  score.tracks[0] = {.name = "empty", .program = 1};
  score.tracks[1] = {.name = "flute", .channel = 3, .program = 73, .notes = {{1000, 1100, 80, 127}}};
  score.tracks[2] = {.name = "drums", .channel = 9, .notes = {{0, 50, 36, 127}}};
  score.tracks[3] = {.name = "bass", .channel = 3, .program = 32, .notes = {{1200, 1300, 30, 127}}};
  const Encoded encoded = encode(score, vocabulary);
  CHECK(text(vocabulary, encoded.tokens) == "^ +80 v127 i0 t10 -80 i0 t10 +30 v127 i1 t10 -30 i1 $");
  CHECK(encoded.programs == std::vector{73, 32});
}

TEST_CASE("tokens: of more than 16 tracks the 16 with the most notes are taken") {
  const auto vocabulary = Vocabulary::standard();
  Score score;
  score.tracks.resize(20);
  for (int k = 0; k < 20; ++k) {
    Track& track = score.tracks[static_cast<std::size_t>(k)];
    track.program = k;
    // Tracks 3, 7, 18 and 19 are dropped: 3 and 7 have the fewest notes, and of those with two notes 18 and 19 come
    // last.
    const int count = k == 3 || k == 7 ? 1 : k < 10 ? 3 : 2;
    for (int i = 0; i < count; ++i) track.notes.push_back({100 + i * 100, 150 + i * 100, 60, 64});
  }
  score.tracks[3].notes[0].start = 0;  // a note that is not encoded does not count as the first note
  const Encoded encoded = encode(score, vocabulary);
  CHECK(encoded.programs == std::vector{0, 1, 2, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17});
  CHECK(encoded.report == EncodeReport{.dropped_tracks = 4, .dropped_notes = 6});
  CHECK(text(vocabulary, encoded.tokens).substr(0, 26) == "^ +60 v63 i0 +60 v63 i1 +6");
}

TEST_CASE("tokens: a small vocabulary says what it can") {
  const auto vocabulary = vocabulary_with_holes();
  // Velocities 31, 63, 95, 127; pitches 50, 60, 61 and track 1 lack words.
  const auto score = score_of({{0, 10, 50},
                               {10, 20, 60},
                               {20, 30, 61},
                               {30, 40, 62, 1},
                               {40, 50, 63, 63, 1},
                               {50, 60, 64, 47},  // quantized: 47, as far from 31 as from 63
                               {60, 70, 65, 50, 2},
                               {70, 80, 66, 114}});
  const Encoded encoded = encode(score, vocabulary);
  CHECK(text(vocabulary, encoded.tokens) ==
        "^ +62 v31 i0 t1 -62 i0 t1 +64 v31 i0 t1 -64 i0 +65 v63 i2 t1 -65 i2 +66 v127 i0 t1 -66 i0 $");
  CHECK(encoded.report == EncodeReport{.dropped_notes = 4});
  CHECK(encoded.programs.size() == 3);

  CHECK(text(vocabulary, encode(score_of({{0, 10, 50}}), vocabulary).tokens) == "^ $");
  CHECK_THROWS_AS(encode_notes(std::vector<GridNote>{{0, 1, 0, 50, 64}}, vocabulary), Error);
  CHECK_THROWS_AS(encode_notes(std::vector<GridNote>{{0, 1, 1, 62, 64}}, vocabulary), Error);
}

TEST_CASE("tokens: notes that are not settled are refused") {
  const auto vocabulary = Vocabulary::standard();
  std::vector<GridNote> notes{{500, 900, 0, 60, 64}, {0, 600, 0, 60, 64}, {100000, 100001, 2, 60, 64}};
  CHECK_THROWS_AS(encode_notes(notes, vocabulary), Error);
  CHECK_THROWS_AS(encode_notes(std::vector<GridNote>{{5, 5, 0, 60, 64}}, vocabulary), Error);
  CHECK_THROWS_AS(encode_notes(std::vector<GridNote>{{-5, 5, 0, 60, 64}}, vocabulary), Error);
  EncodeReport report;
  resolve_overlaps(notes, report);
  CHECK(notes == std::vector<GridNote>{{0, 500, 0, 60, 64}, {500, 900, 0, 60, 64}, {100000, 100001, 2, 60, 64}});
  CHECK(report == EncodeReport{.restruck = 1});
  CHECK(encode_notes(notes, vocabulary).size() == 2 + 3 * 5 + 5 + 4 + 991 + 1);
}

TEST_CASE("tokens: grid notes that nothing can mean are refused, with the note's place") {
  const std::vector<GridNote> one{{0, 1, 0, 60, 64}};
  const auto refused = [&](GridNote note) {
    std::vector<GridNote> notes{one[0], note};
    EncodeReport report;
    resolve_overlaps(notes, report);
  };
  CHECK_THROWS_WITH(refused({0, 1, 16, 60, 64}), "note 1: track 16 is not in 0..15");
  CHECK_THROWS_WITH(refused({0, 1, 255, 60, 64}), "note 1: track 255 is not in 0..15");
  CHECK_THROWS_WITH(refused({0, 1, 0, 200, 64}), "note 1: pitch 200 is not in 0..127");
  CHECK_THROWS_WITH(refused({-1, 1, 0, 60, 64}), "note 1: start -1 is not in 0..60480000");
  const auto vocabulary = Vocabulary::standard();
  CHECK_THROWS_AS(encode_notes(std::vector<GridNote>{{0, 1, 16, 60, 64}}, vocabulary), Error);
  CHECK_THROWS_AS(encode_notes(std::vector<GridNote>{{0, 1, 0, 200, 64}}, vocabulary), Error);
  CHECK_THROWS_WITH(encode_notes(std::vector<GridNote>{{7, 2000000000, 0, 60, 64}}, vocabulary),
                    "the note at step 7 ends at step 2000000000: tokens are for a week at most");
}

TEST_CASE("tokens: a score made by hand may have any numbers") {
  const auto vocabulary = Vocabulary::standard();
  Score score;
  score.tracks.resize(1);
  score.tracks[0].notes = {{0, 100, 60, 255}, {0, 100, 200, 64}, {100, 50, 62, 0}, {-100, 0, 64, 64}};
  CHECK(text(vocabulary, encode(score, vocabulary).tokens) ==
        "^ +64 v63 i0 t10 -64 i0 +60 v127 i0 t10 -60 i0 +62 v10 i0 t1 -62 i0 $");
  score.tempo = TempoMap(0);
  CHECK_THROWS_AS(encode(score, vocabulary), Error);
}

TEST_CASE("tokens: a song of years is refused, one of a day is not") {
  const auto vocabulary = Vocabulary::standard();
  Score score;
  score.tracks.resize(1);
  score.tracks[0].notes = {{0, 100, 60, 64}, {24 * 3600 * 1000, 24 * 3600 * 1000 + 100, 60, 64}};
  CHECK(encode(score, vocabulary).tokens.size() == 1 + 10 + 24 * 3600 + 2 + 1);
  score.tracks[0].notes.back().end = std::int64_t{1} << 50;
  CHECK_THROWS_AS(encode(score, vocabulary), Error);
}
