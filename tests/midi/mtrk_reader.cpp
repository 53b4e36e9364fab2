#include "musicgen/midi/mtrk_reader.hpp"

#include <catch.hpp>

#include "midi/smf_checks.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::test;

// ---- events ----

TEST_CASE("midi: a note has the ticks, pitch and velocity that its events give") {
  const Score score = clean(song(Bytes{10, 0x93, 60, 70, 0x81, 0x3E, 0x83, 60, 64} + end_of_track));
  CHECK(score.format == 1);
  CHECK(score.tempo.division() == 100);
  REQUIRE(score.tracks.size() == 1);
  CHECK(score.tracks[0].channel == 3);
  CHECK(score.tracks[0].notes == Notes{{10, 200, 60, 70, /*release*/ 64}});
  CHECK(score.notes() == std::vector<Note>{{0.05, 1.0, 60, 70, 0}});
}

TEST_CASE("midi: a note-on of velocity 0 is a note-off") {
  CHECK(notes_of(clean(song(Bytes{0, 0x90, 60, 70, 50, 0x90, 60, 0} + end_of_track))) == Notes{{0, 50, 60, 70}});
}

TEST_CASE("midi: a note-off on another channel or in another track ends nothing") {
  const Score score =
      clean(smf(1, 100, {Bytes{0, 0x90, 60, 70, 10, 0x81, 60, 0, 10, 0x80, 60, 0}, Bytes{5, 0x80, 60, 0}}));
  CHECK(notes_of(score) == Notes{{0, 20, 60, 70}});
}

TEST_CASE("midi: running status") {
  const Score score = clean(song(Bytes{0, 0x90, 60, 70, 10, 62, 71, 10, 60, 0, 10, 62, 0} + end_of_track));
  CHECK(notes_of(score) == Notes{{0, 20, 60, 70}, {10, 30, 62, 71}});
}

TEST_CASE("midi: running status survives a meta event") {
  const Bytes bytes = song(Bytes{0, 0x90, 60, 70, 0, 0xFF, 1, 2, 'h', 'i', 50, 60, 0} + end_of_track);
  const Score score = tolerated(bytes, "byte 33: running status after a meta or system exclusive event");
  CHECK(notes_of(score) == Notes{{0, 50, 60, 70}});
}

TEST_CASE("midi: running status survives a system exclusive event") {
  const Bytes bytes = song(Bytes{0, 0x90, 60, 70, 0, 0xF0, 2, 0x43, 0xF7, 50, 60, 0} + end_of_track);
  const Score score = tolerated(bytes, "byte 32: running status after a meta or system exclusive event");
  CHECK(notes_of(score) == Notes{{0, 50, 60, 70}});
}

TEST_CASE("midi: running status does not reach into the next track") {
  const Score score = tolerated(smf(1, 100, {note, Bytes{0, 64, 70, 0, 0x91, 60, 70, 9, 0x81, 60, 0}}),
                                "byte 43: 3 data bytes without a status");
  CHECK(notes_of(score, 1) == Notes{{0, 9, 60, 70}});
}

TEST_CASE("midi: other channel events, controllers, meta and system exclusive events make no notes") {
  const Bytes others{0,    0xA0, 60, 1,    0, 0xB0, 7, 100, 0, 0xD0, 9,    0, 0xE0, 0, 64, 30,
                     0xF0, 2,    1,  0xF7, 0, 0xF7, 1, 5,   0, 0xFF, 0x58, 4, 4,    2, 24, 8};
  const Score score = clean(song(others + note + end_of_track));
  REQUIRE(score.tracks.size() == 1);
  CHECK(notes_of(score) == Notes{{30, 130, 60, 70}});
}

TEST_CASE("midi: status bytes F1 to FE are skipped, each an event with its data bytes") {
  const auto [status, data] =
      GENERATE(table<int, int>({{0xF1, 1}, {0xF2, 2}, {0xF3, 1}, {0xF6, 0}, {0xF8, 0}, {0xFE, 0}}));
  const Bytes event = Bytes{7, static_cast<unsigned char>(status)} + Bytes(static_cast<std::size_t>(data), 5);
  const Score score = tolerated(song(event + note + end_of_track),
                                "byte 23: status byte " + std::to_string(status) + " has no place in a file");
  CHECK(notes_of(score) == Notes{{7, 107, 60, 70}});
}

TEST_CASE("midi: a real-time byte does not cancel running status") {
  const Bytes bytes = song(Bytes{0, 0x90, 60, 70, 20, 0xF8, 30, 60, 0} + end_of_track);
  CHECK(notes_of(tolerated(bytes, "byte 27: status byte 248 has no place in a file")) == Notes{{0, 50, 60, 70}});
}

TEST_CASE("midi: data bytes that belong to no event are skipped") {
  const Bytes bytes = song(Bytes{3, 64, 65} + Bytes{0x90, 60, 70, 9, 0x80, 60, 0} + end_of_track);
  CHECK(notes_of(tolerated(bytes, "byte 23: 2 data bytes without a status")) == Notes{{3, 12, 60, 70}});
}

TEST_CASE("midi: a velocity over 127 is taken as 127") {
  const Bytes bytes = song(Bytes{0, 0x90, 60, 200, 9, 0x80, 60, 0} + end_of_track);
  CHECK(notes_of(tolerated(bytes, "byte 25: data byte 200 taken as 127")) == Notes{{0, 9, 60, 127}});
}

TEST_CASE("midi: an event with a pitch over 127 is skipped") {
  const Bytes bytes = song(Bytes{0, 0x90, 128, 70, 9} + Bytes{0x90, 60, 70, 9, 0x80, 60, 0} + end_of_track);
  CHECK(notes_of(tolerated(bytes, "byte 24: data byte 128: the event is skipped")) == Notes{{9, 18, 60, 70}});
}

TEST_CASE("midi: variable-length numbers, as the standard lists them") {
  const auto [bytes, value] = GENERATE(table<Bytes, std::int64_t>({{{0x00}, 0},
                                                                   {{0x40}, 0x40},
                                                                   {{0x7F}, 0x7F},
                                                                   {{0x81, 0x00}, 0x80},
                                                                   {{0xC0, 0x00}, 0x2000},
                                                                   {{0xFF, 0x7F}, 0x3FFF},
                                                                   {{0x81, 0x80, 0x00}, 0x4000},
                                                                   {{0xFF, 0xFF, 0x7F}, 0x1FFFFF},
                                                                   {{0x81, 0x80, 0x80, 0x00}, 0x200000},
                                                                   {{0xFF, 0xFF, 0xFF, 0x7F}, 0xFFFFFFF},
                                                                   {{0x80, 0x80, 0x80, 0x05}, 5}}));
  const Bytes text_event{0xFF, 1, 0};
  CHECK(notes_of(clean(song(bytes + text_event + note + end_of_track))) == Notes{{value, value + 100, 60, 70}});
}

TEST_CASE("midi: a number of more than four bytes ends the track") {
  const Bytes bytes = song(note + Bytes{0x80, 0x80, 0x80, 0x80, 0x05} + note + end_of_track);
  const Score score = parse(bytes);
  CHECK(notes_of(score) == Notes{{0, 100, 60, 70}});
  CHECK(score.warnings == std::vector<std::string>{"song.mid: byte 30: a number of more than 4 bytes",
                                                   "song.mid: byte 47: the track has no end-of-track event"});
  CHECK(refusal(bytes, {.strict = true}) == score.warnings[0]);
}

// ---- the ends of tracks and chunks ----

TEST_CASE("midi: a missing end of track is tolerated") {
  CHECK(notes_of(tolerated(song(note), "byte 30: the track has no end-of-track event")) == Notes{{0, 100, 60, 70}});
}

TEST_CASE("midi: notes still on end at the end-of-track event's tick") {
  const Bytes bytes = song(Bytes{0, 0x90, 60, 70, 5, 0x90, 64, 70, 40, 0xFF, 0x2F, 0});
  CHECK(notes_of(tolerated(bytes, "byte 34: 2 notes still on at the end of the track")) ==
        Notes{{0, 45, 60, 70}, {5, 45, 64, 70}});
}

TEST_CASE("midi: notes still on without an end of track end at the last event") {
  const Score score = parse(song({0, 0x90, 60, 70, 30, 0xFF, 1, 0}));
  CHECK(notes_of(score) == Notes{{0, 30, 60, 70}});
  CHECK(score.warnings == std::vector<std::string>{"song.mid: byte 30: the track has no end-of-track event",
                                                   "song.mid: byte 30: 1 note still on at the end of the track"});
}

TEST_CASE("midi: a note of no length is dropped") {
  const Bytes bytes = song(Bytes{0, 0x90, 60, 70, 0, 0x80, 60, 0} + note + end_of_track);
  CHECK(notes_of(tolerated(bytes, "byte 27: 1 note of no length dropped")) == Notes{{0, 100, 60, 70}});
}

TEST_CASE("midi: what follows the end of track is not read") {
  const Bytes bytes = song(note + end_of_track + note);
  CHECK(notes_of(tolerated(bytes, "byte 34: 8 bytes after the end of the track")) == Notes{{0, 100, 60, 70}});
}

TEST_CASE("midi: an event's length is clamped to the track") {
  const Score score = parse(song(note + Bytes{0, 0xFF, 3, 100, 'a', 'b'}));
  REQUIRE(score.tracks.size() == 1);
  CHECK(score.tracks[0].name == "ab");
  CHECK(score.warnings == std::vector<std::string>{"song.mid: byte 33: an event of 100 bytes where 2 are left",
                                                   "song.mid: byte 36: the track has no end-of-track event"});
}

TEST_CASE("midi: an event cut short ends its track, not the file") {
  const Bytes cut = header(1, 2, 100) + chunk("MTrk", note + Bytes{0, 0x90, 60}) + chunk("MTrk", note + end_of_track);
  const Score score = parse(cut);
  CHECK(score.warnings == std::vector<std::string>{"song.mid: byte 32: the track ends within an event",
                                                   "song.mid: byte 33: the track has no end-of-track event"});
  CHECK(notes_of(score, 0) == Notes{{0, 100, 60, 70}});
  CHECK(notes_of(score, 1) == Notes{{0, 100, 60, 70}});
}

TEST_CASE("midi: a tempo of 0 is skipped") {
  const Score score = tolerated(song(Bytes{0, 0xFF, 0x51, 3, 0, 0, 0} + note + end_of_track),
                                "byte 23: a tempo of 0 microseconds a quarter");
  CHECK(score.tempo == TempoMap(100));
}

TEST_CASE("midi: a tempo of other than 3 bytes is skipped") {
  const Score score =
      tolerated(song(Bytes{0, 0xFF, 0x51, 2, 9, 9} + note + end_of_track), "byte 23: a tempo of 2 bytes");
  CHECK(score.tempo == TempoMap(100));
}

TEST_CASE("midi: a track ends before its ticks get absurd") {
  constexpr std::size_t most = (std::size_t{1} << 48) / 0x0FFFFFFF;
  const Bytes longest_pause{0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0x01, 0x00};
  Bytes events;
  for (std::size_t k = 0; k <= most; ++k) events.insert(events.end(), longest_pause.begin(), longest_pause.end());
  const Bytes bytes = song(Bytes{0, 0x90, 60, 70} + events + Bytes{0, 0x80, 60, 0} + end_of_track);
  const Score score = parse(bytes);
  CHECK(notes_of(score) == Notes{{0, static_cast<std::int64_t>(most) * 0x0FFFFFFF, 60, 70}});
  CHECK(score.warnings.at(0).find("the track goes beyond 2^48 ticks") != std::string::npos);
  CHECK(same_music(score, parse_midi(midi_bytes(score), "again", {.strict = true})));
}

// ---- what is kept besides notes ----

using Event = ChannelEvent;
using Events = std::vector<ChannelEvent>;

TEST_CASE("midi: controllers, bends, pressures and program changes are kept, in order") {
  const Bytes bytes = song(Bytes{0, 0xB0, 0, 1, 0, 0xB0, 32, 2, 0, 0xC0, 5, 9, 0xE0, 1, 0x40, 1, 0xE0, 0x7F, 0x7F} +
                           Bytes{1, 0xE0, 0, 0, 1, 0xA0, 60, 3, 0, 0xD0, 4, 7, 0xC0, 6} + end_of_track);
  const Track track = clean(bytes).tracks.at(0);
  CHECK(track.events == Events{Event::control(0, 0, 1), Event::control(0, 32, 2), Event::program(0, 5),
                               Event::pitch_bend(9, 1), Event::pitch_bend(10, 8191), Event::pitch_bend(11, -8192),
                               Event::key_pressure(12, 60, 3), Event::channel_pressure(12, 4), Event::program(19, 6)});
}

TEST_CASE("midi: one program change, at the start, is in the track's program alone") {
  const Track track = clean(song(Bytes{0, 0xC0, 5, 0, 0xB0, 7, 1} + end_of_track)).tracks.at(0);
  CHECK((track.program == 5 && track.has_program));
  CHECK(track.events == Events{Event::control(0, 7, 1)});
  const Track late = clean(song(Bytes{1, 0xC0, 5} + end_of_track)).tracks.at(0);
  CHECK((late.program == 5 && late.has_program));
  CHECK(late.events == Events{Event::program(1, 5)});
  CHECK_FALSE(clean(song(note + end_of_track)).tracks.at(0).has_program);
}

TEST_CASE("midi: an event keeps its place among the notes of its tick") {
  const auto place = [](const Bytes& events) {
    return clean(song(events + end_of_track)).tracks.at(0).events.at(0).place;
  };
  const Bytes on{0, 0x90, 60, 70}, off{0, 0x80, 60, 0}, pedal{0, 0xB0, 64, 127}, wait{5, 0xFF, 1, 0},
      other{0, 0x90, 62, 1}, other_off{9, 0x80, 62, 0};
  CHECK(place(on + wait + pedal + off) == Event::Place::before_ends);
  CHECK(place(on + wait + off + pedal) == Event::Place::between);
  CHECK(place(on + wait + off + pedal + other + other_off) == Event::Place::between);
  CHECK(place(on + wait + off + other + pedal + other_off) == Event::Place::after_starts);
  // Without a note to come before or after, there is only one place.
  CHECK(place(pedal + off) == Event::Place::between);
  CHECK(parse(song(on + off + pedal + end_of_track)).tracks.at(0).events.at(0).place == Event::Place::between);
}

TEST_CASE("midi: texts and events that only some know are kept as they are") {
  const Bytes texts =
      Bytes{0, 0xFF, 3, 1, 'n', 0, 0xFF, 2, 1, 'c', 4, 0xFF, 5, 2, 'l', 'a', 0, 0xFF, 0x7F, 2, 0, 0xFF} +
      Bytes{1, 0xFF, 0x60, 0, 0, 0xFF, 3, 1, 'm', 0, 0xFF, 6, 1, 'A'};
  const Bytes sysex{0, 0xF0, 3, 0x43, 0x12, 0x00, 2, 0xF7, 2, 0x43, 0xF7};
  const Score score = clean(smf(1, 100, {Bytes{}, texts + sysex + note}));
  const Track& track = score.tracks.at(0);
  CHECK(track.name == "n");
  CHECK(track.texts == std::vector<MetaEvent>{{0, MetaType::copyright, "c"},
                                              {4, MetaType::lyric, "la"},
                                              {4, MetaType::sequencer_specific, std::string("\0\xFF", 2)},
                                              {5, MetaType{0x60}, ""},
                                              {5, MetaType::name, "m"}});
  CHECK(track.sysex == std::vector<SysEx>{{5, {0x43, 0x12, 0x00}, false}, {7, {0x43, 0xF7}, true}});
  CHECK(score.markers == std::vector<Marker>{{5, "A"}});
}

TEST_CASE("midi: signatures") {
  const Score score = clean(song(Bytes{0, 0xFF, 0x58, 4, 6, 3, 36, 8, 0, 0xFF, 0x59, 2, 0xFD, 1} +
                                 Bytes{9, 0xFF, 0x58, 4, 4, 2, 24, 8, 0, 0xFF, 0x59, 2, 7, 0} + end_of_track));
  CHECK(score.time_signatures == std::vector<TimeSignature>{{0, 6, 8, 36, 8}, {9, 4, 4}});
  CHECK(score.key_signatures == std::vector<KeySignature>{{0, -3, true}, {9, 7, false}});
}

TEST_CASE("midi: signatures that are none are skipped") {
  const auto [event, message] = GENERATE(table<Bytes, std::string>({
      {{0, 0xFF, 0x58, 3, 4, 2, 24}, "a time signature of 3 bytes"},
      {{0, 0xFF, 0x58, 4, 0, 2, 24, 8}, "a time signature of 0 over 2^2"},
      {{0, 0xFF, 0x58, 4, 4, 16, 24, 8}, "a time signature of 4 over 2^16"},
      {{0, 0xFF, 0x59, 1, 0}, "a key signature of 1 byte"},
      {{0, 0xFF, 0x59, 2, 8, 0}, "a key signature of 8 sharps and mode 0"},
      {{0, 0xFF, 0x59, 2, 0xF8, 0}, "a key signature of -8 sharps and mode 0"},
      {{0, 0xFF, 0x59, 2, 0, 2}, "a key signature of 0 sharps and mode 2"},
  }));
  const Score score = tolerated(song(event + note + end_of_track), "byte 23: " + message);
  CHECK((score.time_signatures.empty() && score.key_signatures.empty()));
}

// ---- the pedal ----

TEST_CASE("midi: the sustain pedal lengthens notes if asked to") {
  const Bytes bytes = song(Bytes{0, 0x90, 60, 70, 10, 0xB0, 64, 64, 10, 0x80, 60, 0, 30, 0xB0, 64, 63} + end_of_track);
  CHECK(notes_of(clean(bytes)) == Notes{{0, 20, 60, 70}});
  CHECK(notes_of(clean(bytes, {.sustain = true})) == Notes{{0, 50, 60, 70}});
}

TEST_CASE("midi: the pedal holds for its channel within its track") {
  const Bytes pedal{0, 0xB0, 64, 127}, other{0, 0x91, 60, 70, 9, 0x81, 60, 0};
  const Score score = clean(smf(1, 100, {pedal + other + note, note}), {.sustain = true});
  CHECK(notes_of(score, 0) == Notes{{9, 109, 60, 70}});  // held to the end of the track, where the note ends
  CHECK(notes_of(score, 1) == Notes{{0, 9, 60, 70}});
  CHECK(notes_of(score, 2) == Notes{{0, 100, 60, 70}});
}

TEST_CASE("midi: a pedal still down at the end of the track is no fault") {
  const Bytes bytes = song(Bytes{0, 0xB0, 64, 127} + note + Bytes{100, 0xFF, 0x2F, 0});
  CHECK(notes_of(clean(bytes, {.sustain = true})) == Notes{{0, 200, 60, 70}});
}

}  // namespace
