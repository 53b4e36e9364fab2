#include <catch.hpp>
#include <chrono>
#include <musicgen/evaluate/excerpts.hpp>

#include "data/corpora.hpp"

using namespace musicgen;
using namespace musicgen::test;
using namespace std::chrono_literals;

TEST_CASE("excerpts: a song's notes are its score's, on the grid") {
  const Song song = song_of("^ +60 v63 i0 +64 v95 i1 t100 t50 -60 i0 -64 i1 +62 v63 i0 t10 -62 i0 $");
  CHECK(notes_of(song, Vocabulary::standard()) ==
        std::vector<Note>{{0, 1.5, 60, 63, 0}, {0, 1.5, 64, 95, 1}, {1.5, 1.6, 62, 63, 0}});
  CHECK(notes_of(song_of("^ $"), Vocabulary::standard()).empty());
}

TEST_CASE("excerpts: a beginning has the notes that start in it, cut at its end") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const Song song = song_of("s", score_of({{0, 5000, 60}, {400, 500, 62}, {999, 1500, 64}, {1200, 1500, 65}}));
  const auto text_of = [&](double seconds) {
    return text(vocabulary, beginning_of(song, std::chrono::duration<double>(seconds), vocabulary).tokens);
  };
  CHECK(text_of(1) == "^ +60 v63 i0 t40 +62 v63 i0 t10 -62 i0 t50 -60 i0 $");
  CHECK(text_of(0.45) == "^ +60 v63 i0 t40 +62 v63 i0 t5 -60 i0 -62 i0 $");
  CHECK(text_of(0.4) == "^ +60 v63 i0 t40 -60 i0 $");
  CHECK(text_of(0.01) == "^ +60 v63 i0 t1 -60 i0 $");
  for (const double all : {5.0, 60.0, 1e300})
    CHECK(beginning_of(song, std::chrono::duration<double>(all), vocabulary) == song);
  CHECK(beginning_of(song_of("^ $"), 60s, vocabulary).tokens.size() == 2);
  CHECK_THROWS_AS(beginning_of(song, 0s, vocabulary), Error);
  CHECK_THROWS_AS(beginning_of(song, 9ms, vocabulary), Error);
}

TEST_CASE("excerpts: the beginning of a score keeps its tempo and its tracks") {
  Score score;
  score.tempo = TempoMap(480, {{0, 500000}, {960, 1000000}});  // two beats of half a second, then beats of a second
  score.tracks = {
      Track{.channel = drum_channel, .notes = {{0, 100, 36, 64}, {1920, 2400, 36, 64}}},
      Track{.name = "tune", .channel = 0, .notes = {{480, 2880, 60, 64}, {1439, 1500, 62, 64}, {1440, 1920, 64, 64}}}};
  // From the tune's first note, at 0.5 s, for 1.5 s: until 2 s, a beat after the tempo change.
  const Score beginning = beginning_of(score, 1500ms);
  CHECK(beginning.tempo == score.tempo);
  REQUIRE(beginning.tracks.size() == 2);
  CHECK(beginning.tracks[0].notes == std::vector<TickNote>{{0, 100, 36, 64}});
  CHECK(beginning.tracks[1].notes == std::vector<TickNote>{{480, 1440, 60, 64}, {1439, 1440, 62, 64}});
  CHECK(beginning.tracks[1].name == "tune");
  for (const double all : {60.0, 1e300}) CHECK(beginning_of(score, std::chrono::duration<double>(all)) == score);
  CHECK(beginning_of(Score{}, 1s) == Score{});
  CHECK_THROWS_AS(beginning_of(score, 9ms), Error);
}

TEST_CASE("excerpts: of different songs there is one version each, chosen at equal distances") {
  std::vector<Song> songs;
  for (int i = 0; i < 10; ++i)
    for (const char* version : {"", "-v1"})
      songs.push_back(song_of("song" + std::string(1, static_cast<char>('a' + i)) + version, scale(10 + i, 60),
                              i == 3 ? Split::validation : Split::train));
  const auto names = [](const std::vector<const Song*>& some) {
    std::string all;
    for (const Song* song : some) all += song->name.back();
    return all;
  };
  CHECK(names(distinct_songs(songs, Split::train)) == "abcefghij");
  CHECK(names(distinct_songs(songs, Split::validation)) == "d");
  CHECK(names(distinct_songs(songs)) == "abcdefghij");
  const auto different = distinct_songs(songs, Split::train);
  CHECK(names(evenly_chosen(different, 3)) == "aeh");
  CHECK(names(evenly_chosen(different, 100)) == "abcefghij");
  CHECK(names(evenly_chosen(different, 0)).empty());
}
