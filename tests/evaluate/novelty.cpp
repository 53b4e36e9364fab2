#include <catch.hpp>
#include <cmath>
#include <musicgen/core/random.hpp>
#include <musicgen/evaluate/novelty.hpp>

#include "data/corpora.hpp"
#include "sample/models.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// Single notes, different enough that no two songs share much.
std::vector<MillisecondNote> melody(int notes, std::uint64_t seed) {
  Random random(seed);
  std::vector<MillisecondNote> all;
  for (int i = 0, at = 0; i < notes; ++i) {
    const int length = 120 * random.between(1, 4);
    all.push_back({at, at + length, random.between(40, 85), random.between(20, 120)});
    at += length;
  }
  return all;
}

/// Training songs of 200 notes each.
std::vector<Song> training_songs() {
  std::vector<Song> songs;
  for (std::uint64_t i = 0; i < 6; ++i)
    songs.push_back(song_of("train/" + std::to_string(i), score_of(melody(200, 100 + i))));
  return songs;
}

/// A melody of 30 notes, then notes first..first + count of training song `number`, then 30 more.
std::vector<MillisecondNote> with_copy(std::uint64_t number, int first, int count) {
  std::vector<MillisecondNote> all = melody(30, 1);
  const auto append = [&](std::vector<MillisecondNote> notes) {
    const int offset = all.back().end - notes.front().start;
    for (auto n : notes) all.push_back({n.start + offset, n.end + offset, n.pitch, n.velocity});
  };
  const auto source = melody(200, 100 + number);
  append({source.begin() + first, source.begin() + first + count});
  append(melody(30, 2));
  return all;
}

Originality judge(const Song& song, const std::vector<Song>& training, const NoveltyOptions& options = {}) {
  std::vector<const Song*> sources;
  for (const Song& source : training) sources.push_back(&source);
  return originality(std::span(&song, 1), sources, Vocabulary::standard(), options).at(0);
}

Originality judge(const std::vector<MillisecondNote>& notes) {
  return judge(song_of("made", score_of(notes)), training_songs());
}

}  // namespace

TEST_CASE("novelty: a planted copy is found, exactly, where it is and where it is from") {
  const auto notes = with_copy(3, 50, 40);
  const auto source = melody(200, 103);
  const Originality o = judge(notes);
  CHECK(o.song == "made");
  CHECK(o.intervals.notes == 40);
  CHECK(o.intervals.source == "train/3");
  CHECK(o.intervals.transposition == 0);
  CHECK(o.intervals.at == Approx(notes[30].start / 1000.0));
  CHECK(o.intervals.source_at == Approx(source[50].start / 1000.0));
  CHECK(o.intervals.seconds == Approx((source[89].start - source[50].start) / 1000.0));
  CHECK(o.tokens.notes == 40);
  CHECK(o.tokens.source == "train/3");
  CHECK(o.tokens.transposition == 0);
  CHECK(o.tokens.seconds >= o.intervals.seconds);
}

TEST_CASE("novelty: a copy stays one when it is transposed and played unevenly, but no exact one") {
  for (const int transposed : {0, -7, 5}) {
    Random random(9);
    auto notes = with_copy(2, 100, 40);
    for (auto& n : notes) {
      const int late = random.between(-10, 10);
      n = {std::max(0, n.start + late), n.end + late, n.pitch + transposed, random.between(1, 127)};
    }
    const Originality o = judge(notes);
    CHECK(o.intervals.notes == 40);
    CHECK(o.intervals.source == "train/2");
    CHECK(o.intervals.transposition == transposed);
    CHECK(o.tokens.notes < 10);
  }
}

TEST_CASE("novelty: a copy stays one when all of it is faster or slower") {
  for (const int percent : {90, 95, 105, 110}) {
    auto notes = with_copy(2, 100, 40);
    for (auto& n : notes) n.start = n.start * percent / 100, n.end = n.end * percent / 100;
    CHECK(judge(notes).intervals.notes == 40);
  }
}

TEST_CASE("novelty: a wrong note divides a copy") {
  auto notes = with_copy(4, 20, 40);
  notes[30 + 25].pitch += 1;
  const Originality o = judge(notes);
  CHECK(o.intervals.notes == 25);
  CHECK(o.intervals.at == Approx(notes[30].start / 1000.0));
}

TEST_CASE("novelty: chords are copies however their notes are spread, and on whatever tracks") {
  Random random(3);
  std::vector<MillisecondNote> played, copied;
  for (int i = 0; i < 30; ++i)
    for (int k = 0; k < 3; ++k) {
      const int pitch = random.between(40, 50) + 12 * k;
      played.push_back({i * 360, i * 360 + 300, pitch, 64, 0});
      copied.push_back({i * 360 + 10 * random.between(0, 2), i * 360 + 300, pitch, 64, k});
    }
  copied.push_back({copied[4].start, copied[4].end, copied[4].pitch, 64, 5});  // a unison
  const Originality o = judge(song_of("copied", score_of(copied)), {song_of("played", score_of(played))});
  CHECK(o.intervals.notes == 90);
  CHECK(o.shared_intervals == 1);
}

TEST_CASE("novelty: a song of the training set is copied whole, a new one hardly") {
  const auto training = training_songs();
  const Originality old = judge(training[5], training), fresh = judge(melody(200, 999));
  CHECK(old.intervals.notes == 200);
  CHECK(old.tokens.notes == 200);
  CHECK(old.tokens.seconds == Approx(training[5].seconds()));
  CHECK(old.shared_intervals == 1);
  CHECK(old.shared_tokens == 1);
  CHECK(fresh.intervals.notes < 8);
  CHECK(fresh.shared_intervals < 0.05);
}

TEST_CASE("novelty: the share of n-grams that occur") {
  // Six intervals, the first three of which are all of the training song's: 2 of the 5 bigrams occur.
  const Song scale_up = song_of("up", score_of({{0, 300, 60}, {300, 600, 62}, {600, 900, 64}, {900, 1200, 66}}));
  const Song longer = song_of("longer", score_of({{0, 300, 60},
                                                  {300, 600, 62},
                                                  {600, 900, 64},
                                                  {900, 1200, 66},
                                                  {1200, 1500, 67},
                                                  {1500, 1800, 70},
                                                  {1800, 2100, 71}}));
  CHECK(judge(longer, {scale_up}, {.interval_ngram = 2}).shared_intervals == Approx(0.4));
  CHECK(judge(longer, {scale_up}, {.interval_ngram = 6}).shared_intervals == 0);
  CHECK(judge(scale_up, {longer}, {.interval_ngram = 3}).shared_intervals == 1);
  CHECK(judge(scale_up, {longer}, {.interval_ngram = 4}).shared_intervals == 0);  // it has no 4-grams
}

TEST_CASE("novelty: songs without notes, of one note, of one chord, nothing learned, nothing asked") {
  const auto training = training_songs();
  for (const std::string words : {"^ $", "^ +60 v63 i0 t10 -60 i0 $", "^ +60 v63 i0 +64 v63 i0 t10 -60 i0 -64 i0 $"}) {
    const Song song = song_of(words);
    for (const auto& sources : {training, std::vector<Song>{}, std::vector<Song>{song}}) {
      const Originality o = judge(song, sources);
      CHECK(o.shared_intervals == 0);
      CHECK(o.shared_tokens == 0);
      CHECK(o.intervals.notes <= song.notes);
      CHECK(std::isfinite(o.intervals.seconds + o.tokens.seconds));
    }
  }
  CHECK(judge(song_of("^ $"), training).tokens == CopiedRun{});
  CHECK(judge(song_of("^ +60 v63 i0 t10 -60 i0 $"), training).intervals == CopiedRun{});
  CHECK(originality({}, {}, Vocabulary::standard()).empty());
}

TEST_CASE("novelty: does not depend on threads") {
  const auto training = training_songs();
  std::vector<CopiedRun> runs;
  for (const int count : {1, 2, 3}) {
    const Threads threads(count);
    runs.push_back(judge(with_copy(3, 50, 40)).intervals);
  }
  CHECK(runs[1] == runs[0]);
  CHECK(runs[2] == runs[0]);
}
