#include <catch.hpp>
#include <musicgen/core/random.hpp>
#include <musicgen/tokens/encoder.hpp>
#include <musicgen/tokens/token_events.hpp>

#include "songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

using Kind = TokenGroup::Kind;

std::vector<TokenGroup> groups(const std::string& text) {
  const auto vocabulary = Vocabulary::standard();
  std::vector<TokenGroup> all;
  for_each_group(tokens(vocabulary, text), vocabulary, [&](const TokenGroup& group) { all.push_back(group); });
  return all;
}

}  // namespace

TEST_CASE("tokens: a song's groups are its events, with their places") {
  CHECK(groups("^ +60 v79 i1 t50 -60 i1 $") == std::vector<TokenGroup>{{Kind::start, 1, 0},
                                                                       {Kind::note_on, 3, 1, 60, 79, 1},
                                                                       {Kind::time, 1, 4, 0, 0, 0, 50},
                                                                       {Kind::note_off, 2, 5, 60, 0, 1},
                                                                       {Kind::end, 1, 7}});
  CHECK(groups("").empty());
}

TEST_CASE("tokens: what breaks off is broken, and what breaks it off counts") {
  const TokenGroup time{Kind::time, 1, 1, 0, 0, 0, 5};
  CHECK(groups("+60 t5") == std::vector<TokenGroup>{{Kind::broken, 1, 0}, time});
  CHECK(groups("-60 t5") == std::vector<TokenGroup>{{Kind::broken, 1, 0}, time});
  CHECK(groups("v79 t5 i0") == std::vector<TokenGroup>{{Kind::broken, 1, 0}, time, {Kind::broken, 1, 2}});
  CHECK(groups("+60 i0 -61 v79 i2") == std::vector<TokenGroup>{{Kind::broken, 1, 0},
                                                               {Kind::broken, 1, 1},
                                                               {Kind::broken, 1, 2},
                                                               {Kind::broken, 1, 3},
                                                               {Kind::broken, 1, 4}});
  CHECK(groups("+60 v79 +61 v83 i0") ==
        std::vector<TokenGroup>{{Kind::broken, 2, 0}, {Kind::note_on, 3, 2, 61, 83, 0}});
  CHECK(groups("$ +60 v79") == std::vector<TokenGroup>{{Kind::end, 1, 0}, {Kind::broken, 2, 1}});
}

TEST_CASE("tokens: groups cover any tokens, each token once") {
  const auto vocabulary = Vocabulary::standard();
  const auto likely = tokens(vocabulary, "+60 -60 v79 v79 i0 i0");
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<Token> song;
    for (int k = random.between(0, 60); k > 0; --k)
      song.push_back(random.between(0, 2) > 0 ? likely[random.below(likely.size())]
                                              : static_cast<Token>(random.below(405)));
    std::int64_t next = 0;
    for_each_group(song, vocabulary, [&](const TokenGroup& group) {
      CHECK(group.position == next);
      next += group.size;
    });
    CHECK(next == std::ssize(song));
  }
}

TEST_CASE("tokens: an encoded song has the notes that were encoded, and nothing broken") {
  const auto vocabulary = Vocabulary::standard();
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const GridSong song = quantize(random_score(seed), vocabulary);
    std::size_t ons = 0, offs = 0;
    std::int32_t now = song.notes.empty() ? 0 : song.notes[0].start;
    for_each_group(encode_notes(song.notes, vocabulary), vocabulary, [&](const TokenGroup& group) {
      CHECK(group.kind != Kind::broken);
      now += group.steps;
      if (group.kind == Kind::note_on) {
        const GridNote& note = song.notes.at(ons++);
        CHECK((note.start == now && note.pitch == group.pitch && note.track == group.track));
        CHECK(quantized_velocity(note.velocity) == group.velocity);
      }
      offs += group.kind == Kind::note_off;
    });
    CHECK((ons == song.notes.size() && offs == song.notes.size()));
  }
}
