#include "musicgen/data/splits.hpp"

#include <algorithm>
#include <catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "corpora.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// Songs with these names, all with different tokens unless `same_tokens`.
std::vector<Song> songs_named(const std::vector<std::string>& names, bool same_tokens = false) {
  std::vector<Song> songs;
  songs.reserve(names.size());
  for (const std::string& name : names)
    songs.push_back(song_of(name, scale(same_tokens ? 3 : 3 + static_cast<int>(songs.size()))));
  return songs;
}

std::map<std::string, Split> splits(std::vector<Song> songs) {
  split_by_song(songs);
  std::map<std::string, Split> by_name;
  for (const Song& song : songs) by_name[song.name] = song.split;
  return by_name;
}

std::ptrdiff_t count(const std::vector<Song>& songs, Split split) {
  return std::count_if(songs.begin(), songs.end(), [&](const Song& song) { return song.split == split; });
}

std::vector<std::string> numbered(int n) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) names.push_back("album/track " + std::to_string(i));
  return names;
}

}  // namespace

TEST_CASE("data: versions of a song have one key") {
  using musicgen::song_key;
  for (const char* name :
       {"a/Song", "a/song-v2", "a/song_v12", "a/SONG v3", "a/song.v1", "a/song (1)", "a/song(2)", "a/song copy",
        "a/song - copy", "a/song_copy", "a/song copy 3", "a/versions/song-v2", "versions/a/song-v1 (1)"}) {
    INFO(name);
    CHECK(song_key(name) == "a/song");
  }
  CHECK(song_key("001/versions/001-v1") == "001/001");
  for (const char* name :
       {"song-2", "song 2", "songv2", "v2", "-v2", "(1)", "copy", "photocopy", "song.1", "bach (bwv 1)",
        "opus 3 (allegro)", "12", "a/v2", "versions", "song copy v", "song)", "2)"}) {
    INFO(name);
    CHECK(song_key(name) == name);
  }
}

TEST_CASE("data: a tenth of the songs is for validation") {
  auto songs = songs_named(numbered(400));
  split_by_song(songs);
  CHECK(count(songs, Split::validation) > 20);
  CHECK(count(songs, Split::validation) < 60);
  CHECK(count(songs, Split::test) == 0);
}

TEST_CASE("data: other songs do not change a song's split") {
  const auto all = splits(songs_named(numbered(200)));
  auto names = numbered(200);
  std::reverse(names.begin(), names.end());
  names.resize(100);
  for (const auto& [name, split] : splits(songs_named(names))) CHECK(all.at(name) == split);
}

TEST_CASE("data: versions and copies of a song are in one split") {
  std::vector<std::string> names;
  for (const auto& name : numbered(200)) names.insert(names.end(), {name, name + "-v2", "versions/" + name + " (1)"});
  const auto split = splits(songs_named(names));
  for (const auto& name : numbered(200)) {
    CHECK(split.at(name) == split.at(name + "-v2"));
    CHECK(split.at(name) == split.at("versions/" + name + " (1)"));
  }

  auto songs = songs_named(numbered(300));
  for (std::size_t i = 0; i < 100; ++i) songs[i + 200].tokens = songs[i + 100].tokens = songs[i].tokens;
  split_by_song(songs);
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK(songs[i].split == songs[i + 100].split);
    CHECK(songs[i].split == songs[i + 200].split);
  }
}

TEST_CASE("data: two songs or more are in both splits, one is for training") {
  for (int n = 2; n < 40; ++n) {
    auto songs = songs_named(numbered(n));
    split_by_song(songs);
    CHECK(count(songs, Split::train) > 0);
    CHECK(count(songs, Split::validation) > 0);
  }
  for (int i = 0; i < 40; ++i) CHECK(splits(songs_named({"song" + std::to_string(i)})).begin()->second == Split::train);
  for (const auto& [name, split] : splits(songs_named(numbered(20), true))) CHECK(split == Split::train);
  std::vector<Song> none;
  split_by_song(none);
}
