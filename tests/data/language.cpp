// Which language suits songs.
#include "musicgen/data/language.hpp"

#include <catch.hpp>
#include <musicgen/core/random.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "corpora.hpp"
#include "data_files.hpp"
#include "threads.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// Keeps to a beat, and is quick to analyze.
Score in_time() {
  return scale(32, 60, 500);
}

/// Played freely.
Score rubato() {
  Random random(7);
  std::vector<MillisecondNote> notes;
  for (int i = 0, at = 0; i < 300; ++i) {
    at += random.between(100, 500);
    notes.push_back({at, at + 300, random.between(50, 73)});
  }
  return score_of(notes);
}

/// A file name that sorts by its number.
std::string numbered(int i) {
  return "song" + std::to_string(1000 + i) + ".mid";
}

std::string said(const BeatCount& count) {
  std::ostringstream text;
  text << count;
  return text.str();
}

}  // namespace

TEST_CASE("data: songs that keep to a beat are counted, and half of them make it the language of beats") {
  const TemporaryDirectory dir;
  write_song(dir / "a.mid", in_time());
  CHECK(count_beats(list_folder(dir.path())) == BeatCount{1, 1});
  write_song(dir / "b.mid", rubato());
  const BeatCount half = count_beats(list_folder(dir.path()));
  CHECK(half == BeatCount{2, 1});
  CHECK(half.language() == Language::beats);
  write_song(dir / "c.mid", rubato());
  const BeatCount third = count_beats(list_folder(dir.path()));
  CHECK(third == BeatCount{3, 1});
  CHECK(third.language() == Language::performance);
}

TEST_CASE("data: files that are no use do not count towards a language") {
  const TemporaryDirectory dir;
  write_song(dir / "a.mid", in_time());
  write_text(dir / "text.mid", "This is no music.");
  write_song(dir / "silent.mid", Score());
  Score drums = in_time();
  drums.tracks[0].channel = drum_channel;
  write_song(dir / "drums.mid", drums);
  CHECK(count_beats(list_folder(dir.path())) == BeatCount{1, 1});
  // POP909's files without a melody are skipped.
  const TemporaryDirectory pop909;
  write_song(pop909 / "001/001.mid", named(in_time(), "MELODY"));
  write_song(pop909 / "002/002.mid", named(in_time(), "PIANO"));
  CHECK(count_beats(list_pop909(pop909.path())) == BeatCount{1, 1});
  CHECK(count_beats(Listing{}) == BeatCount{});
  CHECK(BeatCount{}.language() == Language::performance);
}

TEST_CASE("data: of many files those looked at are spread evenly, on any number of threads") {
  const TemporaryDirectory dir;
  for (int i = 0; i < 90; ++i) write_song(dir / numbered(i), i < 30 ? in_time() : rubato());
  const Listing listing = list_folder(dir.path());
  for (const int threads : {1, 2, 3}) {
    const test::Threads pool(threads);
    const BeatCount count = count_beats(listing);
    CHECK(count.songs == 40);
    CHECK(count.with_beat == 13);  // a third
  }
  CHECK(count_beats(listing, {}, 3) == BeatCount{3, 1});
  CHECK(count_beats(listing, {}, 1000) == BeatCount{90, 30});
  CHECK_THROWS_WITH(count_beats(listing, {}, 0), "count_beats: most is 0, expected at least 1");
}

TEST_CASE("data: a count of beats reads as a sentence") {
  CHECK(said({40, 38}) == "38 of 40 songs keep to a beat");
  CHECK(said({3, 1}) == "1 of 3 songs keeps to a beat");
  CHECK(said({1, 0}) == "0 of 1 song keeps to a beat");
}

TEST_CASE("data: a language has a vocabulary, and a vocabulary a language") {
  for (const Language language : {Language::performance, Language::beats})
    CHECK(language_of(vocabulary_of(language)) == language);
  CHECK(vocabulary_of(Language::performance) == Vocabulary::standard());
  CHECK(vocabulary_of(Language::beats) == Vocabulary::beats());
  CHECK(language_of(vocabulary_with_holes()) == Language::performance);
}
