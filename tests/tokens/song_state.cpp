#include <musicgen/tokens/song_state.hpp>

#include <catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

SongState song_of(const std::string& words) {
  const auto vocabulary = Vocabulary::standard();
  SongState song;
  for (const Token token : tokens(vocabulary, words)) song.advance(vocabulary[token]);
  return song;
}

}  // namespace

TEST_CASE("tokens: the state of a song is small, and a copy is a snapshot") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<SongState>);
  STATIC_REQUIRE(sizeof(SongState) < 12 * 1024);
  SongState song = song_of("^ +60 v79 i2 t50");
  const SongState snapshot = song;
  song.advance({TokenKind::note_off, 60});
  CHECK(*song.advance({TokenKind::track, 2}).ended == Note{0, 0.5, 60, 79, 2});
  CHECK(song.sounding() == 0);
  CHECK(snapshot.sounding() == 1);
}

TEST_CASE("tokens: the state of a song knows the group, the last note and the latest onset") {
  const SongState song = song_of("^ +60 v79 i2 t50 +64 v63 i0 +67 v99");
  CHECK(song.group() == SongState::Group::on_velocity);
  CHECK(song.group_length() == 2);
  CHECK(song.group_pitch() == 67);
  CHECK(song.group_velocity() == 99);
  CHECK(song.last_note() == SongState::Onset{50, 64, 63, 0});
  CHECK(song.last_onset() == 50);
  CHECK(song.notes_at_onset() == 2);  // the third is not complete yet
  CHECK(song.steps_since_onset() == 0);
  CHECK(song.onset(60, 2) == SongState::Onset{0, 60, 79, 2});
  CHECK(song.time().count() == 0.5);
  CHECK(song.position() == 10);
  CHECK_FALSE(song.at_free_position());
  CHECK_FALSE(SongState().last_note());
  CHECK_FALSE(SongState().started());
  CHECK(song_of("^ t30 t100 t7").steps_since_onset() == 137);
}

TEST_CASE("tokens: the state of a song tells when notes begin and end") {
  const auto vocabulary = Vocabulary::standard();
  SongState song;
  std::string told;
  for (const Token token : tokens(vocabulary, "^ +60 v79 i2 t5 +60 v63 i2 t3 -60 i2 -61 i0")) {
    const SongStep step = song.advance(vocabulary[token]);
    told += step.began && step.restruck ? 'r' : step.began ? 'b' : step.ended ? 'e' : step.stray > 0 ? 's' : '.';
  }
  CHECK(told == "...b...r..e.s");
}

TEST_CASE("tokens: a song may play for longer than 32 bits of steps") {
  SongState song = song_of("^");
  for (std::int64_t i = 0; i < (std::int64_t{1} << 32) / 100; ++i) song.advance({TokenKind::time, 100});
  for (const TokenEvent token :
       {TokenEvent{TokenKind::note_on, 60}, {TokenKind::velocity, 79}, {TokenKind::track, 0}, {TokenKind::time, 50}})
    song.advance(token);
  for (int i = 0; i < 20; ++i) song.advance({TokenKind::time, 100});
  CHECK(song.onset(60, 0).step == (std::int64_t{1} << 32) / 100 * 100);
  CHECK(song.end_note(60, 0).end - static_cast<double>(song.onset(60, 0).step) / 100 == Approx(20.5));
}

TEST_CASE("tokens: the state of a song begins anew, with its number and a prompt") {
  SongState song = song_of("^ +60 v79 i2 t50");
  song.end_prompt();
  CHECK(song.prompt_time().count() == 0.5);
  song.begin(7, {.density = 1, .velocity = 2, .pitch_class = 3});
  CHECK(song.number() == 7);
  CHECK(song.variation().pitch_class == 3);
  CHECK(song.sounding() == 0);
  CHECK(song.position() == 0);
  CHECK(song.prompt_time().count() == 0);
}
