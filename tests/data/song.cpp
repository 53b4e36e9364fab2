#include "musicgen/data/song.hpp"

#include <algorithm>
#include <catch.hpp>
#include <span>
#include <string>
#include <vector>

#include "corpora.hpp"
#include "musicgen/tokens/decoder.hpp"

using namespace musicgen;
using namespace musicgen::test;

TEST_CASE("data: a song knows its length, notes, pitches and longest note") {
  const Song song = song_of("^ +60 v63 i0 +64 v63 i1 t100 t50 -60 i0 t7 -64 i1 +60 v10 i0 t3 -60 i0 $");
  CHECK(song.steps == 160);
  CHECK(song.seconds() == Approx(1.6));
  CHECK(song.notes == 3);
  CHECK(song.longest_note == 157);
  CHECK(song.velocity == 45);  // 136 / 3
  CHECK(song.pitches.count() == 2);
  CHECK(song.pitches[60]);
  CHECK(song.pitches[64]);
}

TEST_CASE("data: what the encoder writes is a song") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Score score = random_score(seed);
    const Song song = song_of("song", score);
    const auto notes = decode(song.tokens, Vocabulary::standard()).notes();
    CHECK(static_cast<std::size_t>(song.notes) == notes.size());
    double longest = 0, end = 0;
    for (const Note& n : notes) {
      CHECK(song.pitches[static_cast<std::size_t>(n.pitch)]);
      longest = std::max(longest, n.end - n.start);
      end = std::max(end, n.end);
    }
    CHECK(song.longest_note * step_seconds == Approx(longest).margin(1e-9));
    CHECK(song.seconds() == Approx(end).margin(1e-9));
  }
}

TEST_CASE("data: a song in beats lasts as long as its tempo says") {
  const Vocabulary vocabulary = Vocabulary::beats();
  std::vector<Token> tokens;
  for (const char* word : {"^",  "|",   "T120", "F0",  "+60", "v63", "i0",  "t48", "|",  "-60",
                           "i0", "T60", "F0",   "+62", "v63", "i0",  "t24", "-62", "i0", "$"})
    tokens.push_back(vocabulary.find(word));
  const Song song = make_song("song", Split::train, tokens, {}, vocabulary);
  CHECK(song.steps == 72);
  CHECK(song.length == std::chrono::milliseconds(4000));
  CHECK(song.max_note_length == std::chrono::milliseconds(2000));
  CHECK(Corpus({song}, vocabulary).profile().usual_length == std::chrono::milliseconds(4000));
}

TEST_CASE("data: tokens that are no song are refused") {
  for (const char* text : {"^",
                           "$",
                           "^ ^ $",
                           "^ $ $",
                           "+60 v63 i0 t1 -60 i0 $",
                           "^ +60 v63 i0 t1 -60 i0",
                           "^ +60 v63 i0 t1 $",
                           "^ +60 i0 t1 -60 i0 $",
                           "^ +60 v63 t1 -60 i0 $",
                           "^ +60 v63 i0 t1 -60 t1 $",
                           "^ -60 i0 $",
                           "^ v63 $",
                           "^ i0 $",
                           "^ +60 v63 i0 t1 +60 v63 i0 t1 -60 i0 $",
                           "^ +60 v63 i0 t1 -60 i1 $",
                           "^ +60 $",
                           "^ +60 v63 $",
                           "^ -60 $",
                           "^ +60 v63 i0 t1 -60 i0 ^ $",
                           "^ +60 v63 i0 t1 -60 i0 t1 -60 i0 $"}) {
    INFO(text);
    CHECK_THROWS_AS(song_of(text), Error);
  }
  const Vocabulary vocabulary = Vocabulary::standard();
  for (const Token bad : {-1, 405, 1 << 30})
    CHECK_THROWS_AS(make_song("song", Split::train, {vocabulary.start(), bad, vocabulary.end()}, {}, vocabulary),
                    Error);
  CHECK_THROWS_AS(make_song("song", Split::train, {}, {}, vocabulary), Error);
  CHECK_THROWS_WITH(song_of("^ +60 v63 i0 t1 -60 i1 $"), "song: token 6 of 8 ends a note that does not sound");
}

TEST_CASE("data: every token knows where its group begins") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const Song song = song_of("^ +60 v63 i0 +64 v63 i1 t100 t50 -60 i0 -64 i1 $");
  const std::vector<std::size_t> starts{0, 1, 1, 1, 4, 4, 4, 7, 8, 9, 9, 11, 11, 13};
  for (std::size_t i = 0; i < starts.size(); ++i) {
    INFO(i);
    CHECK(group_start(song, vocabulary, i) == starts[i]);
  }
}

namespace {

/// The same, listening from the start of the song.
std::vector<SoundingNote> sounding_by_listening(const Song& song, const Vocabulary& vocabulary, std::size_t end) {
  std::vector<SoundingNote> sounding;
  for (std::size_t i = 0; i < end; ++i) {
    const auto [kind, value] = vocabulary[song.tokens[i]];
    if (kind == TokenKind::time)
      for (SoundingNote& n : sounding) n.steps += value;
    if (kind == TokenKind::note_on) sounding.push_back({value, vocabulary[song.tokens[i + 2]].value, 0});
    if (kind == TokenKind::note_off)
      for (std::size_t k = 0; k < sounding.size(); ++k)
        if (sounding[k].pitch == value && sounding[k].track == vocabulary[song.tokens[i + 1]].value)
          sounding.erase(sounding.begin() + static_cast<std::ptrdiff_t>(k--));
  }
  return sounding;
}

}  // namespace

TEST_CASE("data: the notes that sound at a place are found without going back to the start") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const Song longest_ends_here = song_of("^ +60 v63 i0 t9 +62 v63 i0 t1 -62 i0 -60 i0 $");
  CHECK(sounding_at(longest_ends_here, vocabulary, 11) == std::vector<SoundingNote>{{60, 0, 10}});
  CHECK(sounding_at(longest_ends_here, vocabulary, 0).empty());
  for (const Song& song : random_songs(20, 100)) {
    bool same = true;
    for (std::size_t i = 0; i < song.tokens.size(); ++i)
      if (group_start(song, vocabulary, i) == i)
        same = same && sounding_at(song, vocabulary, i) == sounding_by_listening(song, vocabulary, i);
    CHECK(same);
  }
}
