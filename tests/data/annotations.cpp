#include "musicgen/data/annotations.hpp"

#include <algorithm>
#include <catch.hpp>
#include <chrono>
#include <musicgen/core/error.hpp>
#include <musicgen/data/cache.hpp>
#include <string>
#include <vector>

#include "corpora.hpp"
#include "data_files.hpp"

using namespace musicgen;
using namespace musicgen::test;
namespace fs = std::filesystem;

namespace {

constexpr int beats = 32;

/// Chords of a quarter note, two per second: a bar of C major, a bar of G major, and so on, `delay` ms late.
Score quarters(int delay = 0) {
  std::vector<MillisecondNote> notes;
  for (int i = 0; i < beats; ++i)
    for (const int third : {0, 4, 7})
      notes.push_back({delay + 500 * i, delay + 500 * (i + 1), 60 + third + (i / 4 % 2 == 0 ? 0 : 7)});
  return named(score_of(notes), "MELODY");
}

/// A song with versions and annotations, which put it in Gb, as analyze() would not; and a song without annotations.
class Annotated {
 public:
  Annotated() {
    write_song(music / "001/001.mid", quarters());
    write_song(music / "001/versions/001-v1.mid", quarters());
    write_song(music / "001/versions/001-v2.mid", quarters(60));   // between the sixteenths
    write_song(music / "001/versions/001-v3.mid", quarters(500));  // a beat late
    write_song(music / "002/002.mid", quarters());
    std::string times, chords;
    for (int i = 0; i <= beats + 4; ++i)
      times += std::to_string(0.5 * i) + (i % 2 == 0 ? " 1.0" : " 0.0") + (i % 4 == 0 ? " 1.0\n" : " 0.0\n");
    for (int bar = 0; bar < beats / 4; ++bar)
      chords += std::to_string(2 * bar) + " " + std::to_string(2 * bar + 2) + (bar % 2 == 0 ? " C:maj\n" : " G:maj\n");
    write_text(root / "POP909/001/beat_midi.txt", times);
    write_text(root / "POP909/001/chord_midi.txt", chords);
    write_text(root / "POP909/001/key_audio.txt", "0.0\t18.0\tGb:maj\n");
  }

  CorpusOptions options() const { return {.vocabulary = Vocabulary::beats(), .annotations = root}; }
  ReadResult read() const { return read_files(list_files(music), options()); }
  std::uint64_t key() const { return cache_key(list_files(music), options()); }

  TemporaryDirectory dir;
  fs::path music = dir / "music", root = dir / "annotations";
};

/// The names of the songs encoded from the annotations.
std::vector<std::string> annotated(const ReadResult& reading) {
  const Token key = Vocabulary::beats().find("KGb");
  std::vector<std::string> names;
  for (const Song& song : reading.songs)
    if (std::count(song.tokens.begin(), song.tokens.end(), key) > 0) names.push_back(song.name);
  return names;
}

}  // namespace

TEST_CASE("data: a file's song is told by its name") {
  for (const char* name : {"001", "001-v2", "001/001", "001/versions/001-v12", "songs/001"})
    CHECK(musicgen::detail::pop909_song(name) == "001");
  for (const char* name : {"", "01", "0011", "001/a", "a01", "001-x"}) CHECK_FALSE(musicgen::detail::pop909_song(name));
}

TEST_CASE("data: songs with annotations that fit are read by these, others by analysis") {
  const Annotated songs;
  const ReadResult reading = songs.read();
  CHECK(reading.songs.size() == 5);
  CHECK(reading.skipped.empty());
  CHECK(annotated(reading) == std::vector<std::string>{"001/001", "001/versions/001-v1"});
  CHECK(annotated(read_files(list_files(songs.music), {.vocabulary = Vocabulary::beats()})).empty());
  CHECK(text(Vocabulary::beats(), reading.songs[0].tokens).substr(0, 30) == "^ | KGb T120 F0 M4/4 CGb:maj +");
}

TEST_CASE("data: annotations fit a version where beats and chords do") {
  const Annotated songs;
  const auto folders = musicgen::detail::annotations_of(songs.root, "001/001");
  REQUIRE(folders);
  const auto fits = [&](int delay) {
    const Score score = quarters(delay);
    return musicgen::detail::fits(read_pop909_annotations(*folders, score), score);
  };
  CHECK(fits(0));
  CHECK(fits(10));
  CHECK_FALSE(fits(60));
  CHECK_FALSE(fits(500));
  CHECK_FALSE(musicgen::detail::fits(read_pop909_annotations(*folders, Score()), Score()));
}

TEST_CASE("data: annotations of none of the songs, or for a vocabulary without beats, are an error") {
  Annotated songs;
  const std::string in_front = songs.root.string() + ": ";
  CHECK_THROWS_WITH(read_files(list_files(songs.music), {.annotations = songs.root}),
                    in_front + "annotations are for the language of beats, and this vocabulary has none");
  fs::rename(songs.root / "POP909/001", songs.root / "POP909/003");
  CHECK_THROWS_WITH(songs.read(), in_front + "has no annotations of these songs, such as POP909/001/beat_midi.txt");
  fs::remove_all(songs.root);
  CHECK_THROWS_WITH(songs.read(), in_front + "no such folder");
}

TEST_CASE("data: a song with bad annotations is skipped, and they are named") {
  const Annotated songs;
  write_text(songs.root / "POP909/001/chord_midi.txt", "0 1 H:maj\n");
  const ReadResult reading = songs.read();
  CHECK(reading.songs.size() == 1);
  REQUIRE(reading.skipped.size() == 4);
  CHECK(reading.skipped[0].file == songs.music / "001/001.mid");
  CHECK(reading.skipped[0].reason.find("chord_midi.txt") != std::string::npos);
}

TEST_CASE("data: a cache is stale when annotations have changed") {
  const Annotated songs;
  const std::uint64_t before = songs.key();
  CHECK(before == songs.key());
  CHECK(before != cache_key(list_files(songs.music), {.vocabulary = Vocabulary::beats()}));
  const fs::path chords = songs.root / "POP909/001/chord_midi.txt";
  SECTION("a file's size") {
    write_text(chords, "0 1 C:maj\n");
  }
  SECTION("a file's time") {
    fs::last_write_time(chords, fs::last_write_time(chords) + std::chrono::milliseconds(5));
  }
  SECTION("a file is gone") {
    fs::remove(chords);
  }
  SECTION("phrases are new") {
    write_text(songs.root / "structure/POP909/001/human_label1.txt", "A8\n");
  }
  SECTION("another song has some") {
    write_text(songs.root / "POP909/002/beat_midi.txt", "0 1 1\n");
  }
  CHECK(before != songs.key());
}
