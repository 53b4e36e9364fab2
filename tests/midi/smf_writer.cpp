#include "musicgen/midi/smf_writer.hpp"

#include <catch.hpp>

#include "data_files.hpp"
#include "midi/smf_bytes.hpp"
#include "musicgen/core/files.hpp"
#include "musicgen/midi/smf_format.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::test;

Score two_tracks() {
  Score score;
  score.tempo = TempoMap(100, {{0, 1000000}, {50, 250000}});
  score.tracks.resize(2);
  score.tracks[0].name = "left";
  score.tracks[0].notes = {{0, 10, 60, 70}, {10, 300, 60, 71}};
  score.tracks[1] = {.name = "right", .channel = 9, .program = 40, .notes = {{5, 6, 36, 1}}, .own_tempo = {}};
  return score;
}

/// What was written, as the strict reader reads it.
Score again(const Score& score) {
  return parse_midi(midi_bytes(score), "again", {.strict = true});
}

TEST_CASE("midi: format 1 as written, byte for byte") {
  const Bytes tempo{0, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40, 50, 0xFF, 0x51, 3, 0x03, 0xD0, 0x90};
  const Bytes left = Bytes{0, 0xFF, 3, 4} + text("left") +
                     Bytes{0, 0xC0, 0, 0, 0x90, 60, 70, 10, 0x80, 60, 0, 0, 0x90, 60, 71, 0x82, 0x22, 0x80, 60, 0};
  const Bytes right = Bytes{0, 0xFF, 3, 5} + text("right") + Bytes{0, 0xC9, 40, 5, 0x99, 36, 1, 1, 0x89, 36, 0};
  CHECK(midi_bytes(two_tracks()) == smf(1, 100, {tempo, left, right}));
  CHECK(same_music(again(two_tracks()), two_tracks()));
}

TEST_CASE("midi: format 0 puts everything in one track") {
  Score score = two_tracks();
  score.format = 0;
  score.tracks[0].name = score.tracks[1].name = "both";
  const Bytes bytes = midi_bytes(score);
  CHECK(Bytes(bytes.begin(), bytes.begin() + 14) == header(0, 1, 100));
  CHECK(same_music(again(score), score));
}

TEST_CASE("midi: what format 0 cannot tell apart is written as format 1") {
  const bool same_channel = GENERATE(false, true);  // otherwise different names
  Score score = two_tracks();
  score.format = 0;
  if (same_channel) {
    score.tracks[1].channel = 0;
    score.tracks[1].name = "left";
  }
  const Score read = again(score);
  CHECK(read.format == 1);
  CHECK(read.tracks == score.tracks);
}

TEST_CASE("midi: format 2 has each track's own tempo") {
  Score score = two_tracks();
  score.format = 2;
  score.tempo = TempoMap(100);
  score.tracks[0].own_tempo = TempoMap(100, {{7, 300000}});
  score.tracks[1].own_tempo = TempoMap(100);
  CHECK(same_music(again(score), score));
}

TEST_CASE("midi: in format 2 the score's tempo is that of tracks that have none") {
  Score score = two_tracks();
  score.format = 2;
  CHECK(again(score).notes() == score.notes());
  CHECK(again(score).tracks[1].own_tempo == score.tempo);
}

TEST_CASE("midi: tracks without notes are kept, in order") {
  Score score = two_tracks();
  score.tracks.insert(score.tracks.begin(),
                      Track{.name = "silent", .channel = 3, .program = 99, .notes = {}, .own_tempo = {}});
  score.tracks[1].notes.clear();
  CHECK(same_music(again(score), score));
  CHECK(same_music(again(Score{}), Score{}));
}

TEST_CASE("midi: SMPTE divisions are kept") {
  Score score = two_tracks();
  score.tempo = TempoMap(0xE728, score.tempo.changes());
  CHECK(same_music(again(score), score));
}

TEST_CASE("midi: several tempo changes at a tick are kept in order") {
  Score score = two_tracks();
  score.tempo = TempoMap(100, {{20, 1}, {20, 0xFFFFFF}, {0, 5}});
  CHECK(same_music(again(score), score));
}

TEST_CASE("midi: notes struck again and notes on top of one another are kept") {
  Score score = two_tracks();
  score.tracks[0].notes = {{0, 10, 60, 70}, {0, 10, 60, 71}, {0, 20, 64, 9},
                           {5, 10, 60, 72}, {10, 11, 60, 1}, {11, 12, 60, 127}};
  CHECK(same_music(again(score), score));
}

TEST_CASE("midi: notes in any order are written in theirs") {
  Score score = two_tracks();
  std::reverse(score.tracks[0].notes.begin(), score.tracks[0].notes.end());
  CHECK(same_music(again(score), two_tracks()));
}

TEST_CASE("midi: velocities are clamped") {
  Score score = two_tracks();
  score.tracks[0].notes = {{0, 10, 60, 0}, {10, 20, 60, 200}};
  CHECK(again(score).tracks[0].notes == std::vector<TickNote>{{0, 10, 60, 1}, {10, 20, 60, 127}});
}

TEST_CASE("midi: pauses longer than a delta time can be are kept") {
  constexpr std::int64_t most = 0x0FFFFFFF;
  Score score = two_tracks();
  score.tempo = TempoMap(100, {{3 * most, 1000000}});
  score.tracks[0].notes = {{most, most + 1, 60, 70},
                           {2 * most + 2, 7 * most, 60, 71},
                           {musicgen::detail::last_midi_tick - 1, musicgen::detail::last_midi_tick, 62, 1}};
  CHECK(same_music(again(score), score));
}

TEST_CASE("midi: all but notes as written, byte for byte") {
  Score score;
  score.tempo = TempoMap(100, {{0, 1000000}});
  score.name = "t";
  score.time_signatures = {{0, 6, 8}};
  score.key_signatures = {{0, -3, true}};
  score.markers = {{4, "A"}};
  score.texts = {{0, MetaType::copyright, "c"}};
  score.sysex = {{4, {0x43, 0xF7}, false}};
  Track& track = score.tracks.emplace_back();
  track.notes = {{0, 5, 60, 70, 9}};
  track.events = {ChannelEvent::control(5, 64, 0), ChannelEvent::pitch_bend(5, -1)};
  track.events[0].place = ChannelEvent::Place::before_ends;
  track.texts = {{5, MetaType::lyric, "la"}};
  const Bytes head = Bytes{0, 0xFF, 3, 1, 't', 0, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40, 0, 0xFF, 0x58, 4, 6, 3, 24, 8} +
                     Bytes{0, 0xFF, 0x59, 2, 0xFD, 1, 0, 0xFF, 2, 1, 'c', 4, 0xFF, 6, 1, 'A', 0, 0xF0, 2, 0x43, 0xF7};
  const Bytes body = Bytes{0, 0xC0, 0, 0, 0x90, 60, 70, 5, 0xFF, 5, 2, 'l', 'a', 0, 0xB0, 64, 0, 0, 0x80, 60, 9} +
                     Bytes{0, 0xE0, 0x7F, 0x3F};
  score.other_chunks = {{"abcd", {7, 8}}};
  CHECK(midi_bytes(score) == smf(1, 100, {head, body}) + chunk("abcd", {7, 8}));
  CHECK(same_music(again(score), score));
}

TEST_CASE("midi: tracks of one chunk are written as one, unless names or channels forbid it") {
  Score score = two_tracks();
  score.tracks[0].name = score.tracks[1].name = "both";
  const int chunk = GENERATE(0, 1);
  score.tracks[0].chunk = score.tracks[1].chunk = chunk;
  CHECK(same_music(again(score), score));
  CHECK(midi_bytes(score)[11] == chunk + 1);
  SECTION("names") {
    score.tracks[1].name = "another";
  }
  SECTION("channels") {
    score.tracks[1].channel = 0;
  }
  CHECK(midi_bytes(score)[11] == chunk + 2);
  CHECK(again(score).tracks.size() == 2);
}

TEST_CASE("midi: tracks of one chunk stay in order, whichever plays first") {
  Score score;
  score.tracks.resize(4);
  for (int k = 0; k < 4; ++k) {
    Track& track = score.tracks[static_cast<std::size_t>(k)];
    track.channel = 3 - k;
    track.chunk = 0;
    track.has_program = false;
  }
  score.tracks[0].notes = {{50, 60, 60, 70}};
  score.tracks[1].notes = {{0, 60, 60, 70}};
  score.tracks[2].events = {ChannelEvent::pitch_bend(0, 5)};
  CHECK(again(score).tracks == score.tracks);
}

TEST_CASE("midi: a track's program counts, whatever its events say") {
  Score score = two_tracks();
  Track& track = score.tracks[0];
  track.notes = {{10, 20, 60, 70}};
  track.events = {ChannelEvent::program(0, 1), ChannelEvent::program(10, 2), ChannelEvent::program(15, 3)};
  track.program = 40;
  CHECK(again(score).tracks[0].events ==
        std::vector{ChannelEvent::program(0, 1), ChannelEvent::program(10, 40), ChannelEvent::program(15, 3)});
  CHECK(again(score).tracks[0].program == 40);
}

TEST_CASE("midi: a program that a file leaves open is not written, unless it has been changed") {
  Score score = two_tracks();
  score.tracks[0].has_program = score.tracks[1].has_program = false;
  score.tracks[1].channel = 0;
  score.tracks[1].program = 0;
  CHECK(same_music(again(score), score));
  score.tracks[1].program = 40;
  CHECK(again(score).tracks[1].program == 40);
}

TEST_CASE("midi: a score that no MIDI file can hold is refused, naming track and note") {
  Score score = two_tracks();
  Track& track = score.tracks[1];
  TickNote& note = track.notes[0];
  std::string message;
  SECTION("pitch") {
    note.pitch = 200, message = "track 1, note 0: pitch 200 is over 127";
  }
  SECTION("no length") {
    note.end = 5, message = "track 1, note 0: lasts from tick 5 to 5";
  }
  SECTION("backwards") {
    note.end = 2, message = "track 1, note 0: lasts from tick 5 to 2";
  }
  SECTION("negative") {
    note.start = -1, message = "track 1, note 0: lasts from tick -1 to 6";
  }
  SECTION("absurd") {
    note.end = std::numeric_limits<std::int64_t>::max();
    message = "track 1, note 0: lasts from tick 5 to 9223372036854775807";
  }
  SECTION("channel") {
    track.channel = 16, message = "track 1: channel 16";
  }
  SECTION("program") {
    track.program = -1, message = "track 1: program -1";
  }
  SECTION("own tempo") {
    track.own_tempo = TempoMap(100);
    message = "track 1: a tempo of its own needs format 2 and the score's division";
  }
  SECTION("other division") {
    score.format = 2;
    track.own_tempo = TempoMap(99);
    message = "track 1: a tempo of its own needs format 2 and the score's division";
  }
  SECTION("format") {
    score.format = 3, message = "format 3 is not 0, 1 or 2";
  }
  SECTION("division 0") {
    score.tempo = TempoMap(0), message = "the division 0 has no ticks";
  }
  SECTION("SMPTE division 0") {
    score.tempo = TempoMap(0xE700), message = "the division 59136 has no ticks";
  }
  SECTION("tempo 0") {
    score.tempo = TempoMap(100, {{0, 0}});
    message = "score: a tempo of 0 microseconds a quarter";
  }
  SECTION("tempo too slow") {
    score.tempo = TempoMap(100, {{0, 0x1000000}});
    message = "score: a tempo of 16777216 microseconds a quarter";
  }
  SECTION("tempo before the start") {
    score.tempo = TempoMap(100, {{-3, 5}});
    message = "score: a tempo change at tick -3";
  }
  SECTION("controller") {
    track.events = {ChannelEvent::control(0, 7, 1), ChannelEvent::control(0, 128, 1)};
    message = "track 1, event 2: number 128 is not in 0..127";
  }
  SECTION("bend") {
    track.events = {ChannelEvent::program(0, 40), ChannelEvent::pitch_bend(0, 8192)};
    message = "track 1, event 1: value 8192 is not in -8192..8191";
  }
  SECTION("event before the start") {
    track.events = {ChannelEvent::program(-1, 40)};
    message = "track 1, event 0: tick -1 is not in 0..281474976710656";
  }
  SECTION("text") {
    track.texts = {{0, MetaType::lyric, "la"}, {0, MetaType::end_of_track, ""}};
    message = "track 1, text 1: type 47 is not a text";
  }
  SECTION("system exclusive") {
    track.sysex = {{-1, {}}};
    message = "track 1, system exclusive event 0: tick -1 is not in 0..281474976710656";
  }
  SECTION("time signature") {
    score.time_signatures = {{0, 4, 5}};
    message = "score, time signature 0: denominator 5 is not a power of 2";
  }
  SECTION("key signature") {
    score.key_signatures = {{0, 0}, {9, 8}};
    message = "score, key signature 1: sharps 8 is not in -7..7";
  }
  SECTION("marker") {
    score.markers = {{-2, "A"}};
    message = "score, marker 0: tick -2 is not in 0..281474976710656";
  }
  SECTION("other chunk") {
    score.other_chunks = {{"abcd", {}}, {"MTrk", {}}};
    message = "score, other chunk 1: type \"MTrk\" is not 4 bytes, or is a track's";
  }
  SECTION("no channel") {
    track.channel = no_channel;
    message = "track 1: has notes or events and no channel";
  }
  SECTION("too many tracks") {
    score.tracks.resize(65535);
    message = "65536 tracks are more than the 65535 that a MIDI file holds";
  }
  CHECK_THROWS_WITH(midi_bytes(score), message);
}

TEST_CASE("midi: a score that is refused leaves the file as it was") {
  const TemporaryDirectory folder;
  const auto file = folder / "song.mid";
  write_midi(file, two_tracks());
  Score bad = two_tracks();
  bad.tracks[1].notes[0].pitch = 128;
  CHECK_THROWS_WITH(write_midi(file, bad), file.string() + ": track 1, note 0: pitch 128 is over 127");
  CHECK(same_music(read_midi(file, {.strict = true}), two_tracks()));
}

TEST_CASE("midi: files may have any name") {
  const TemporaryDirectory folder;
  const auto file = folder / std::filesystem::path(u8"Größe \u97f3\u697d \U0001F3B5.MID");
  write_midi(file, two_tracks());
  CHECK(has_midi_extension(file));
  CHECK(same_music(read_midi(file, {.strict = true}), two_tracks()));
  write_bytes(file, "MThd");
  CHECK_THROWS_WITH(read_midi(file), file.string() + ": byte 4: the header is cut short");
}

TEST_CASE("midi: an output that cannot be written is named") {
  CHECK_THROWS_WITH(write_midi("/no/such/folder/song.mid", two_tracks()),
                    Catch::StartsWith("/no/such/folder/song.mid: cannot be written"));
}

}  // namespace
