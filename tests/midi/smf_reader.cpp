#include "musicgen/midi/smf_reader.hpp"

#include <catch.hpp>

#include "midi/smf_checks.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::test;

// ---- the header ----

TEST_CASE("midi: bytes that are no MIDI file are refused, with name and offset") {
  const auto [bytes, message] = GENERATE(table<Bytes, std::string>({
      {Bytes{}, "byte 0: is empty"},
      {text("M"), "byte 1: the header is cut short"},
      {text("MThd"), "byte 4: the header is cut short"},
      {text("Dear diary, today I wrote a song."), "byte 0: is not a MIDI file (no MThd)"},
      {text("RIFF"), "byte 0: is not a MIDI file (no MThd)"},
      {text("x") + song(note), "byte 0: is not a MIDI file (no MThd)"},
      {header(1, 1, 0), "byte 12: the division is 0"},
      {header(1, 1, 0xE700), "byte 12: the division is 0 ticks a frame"},
      {text("MThd") + big(4, 4) + big(0x00010001, 4) + big(100, 2), "byte 4: the header has 4 bytes, not 6"},
  }));
  for (const bool strict : {false, true}) CHECK(refusal(bytes, {.strict = strict}) == "song.mid: " + message);
}

TEST_CASE("midi: a longer header is read and the rest of it skipped") {
  const Bytes bytes =
      chunk("MThd", big(1, 2) + big(1, 2) + big(100, 2) + Bytes{9, 9}) + chunk("MTrk", note + end_of_track);
  CHECK(notes_of(clean(bytes)) == Notes{{0, 100, 60, 70}});
}

TEST_CASE("midi: a header longer than the file is taken to have 6 bytes") {
  Bytes bytes = song(note + end_of_track);
  bytes[4] = 1;
  CHECK(notes_of(tolerated(bytes, "byte 4: a chunk of 16777222 bytes where 26 are left")) == Notes{{0, 100, 60, 70}});
}

TEST_CASE("midi: formats over 2 are read as format 1") {
  const Score score = tolerated(smf(7, 100, {note, note}), "byte 8: format 7");
  CHECK(score.format == 1);
  CHECK(score.tracks.size() == 2);
}

TEST_CASE("midi: format 0 with several tracks is read as format 1") {
  const Score score = tolerated(smf(0, 100, {note, note}), "byte 8: format 0 with 2 tracks");
  CHECK(score.format == 1);
  CHECK(score.tracks.size() == 2);
}

TEST_CASE("midi: all tracks are read, however many are announced") {
  const std::size_t announced = GENERATE(0u, 1u, 3u, 65535u);
  Bytes bytes = smf(1, 100, {note, note});
  bytes[10] = static_cast<unsigned char>(announced >> 8);
  bytes[11] = static_cast<unsigned char>(announced);
  const std::string tracks = std::to_string(announced) + (announced == 1 ? " track" : " tracks");
  CHECK(tolerated(bytes, "byte 10: " + tracks + " announced, 2 found").tracks.size() == 2);
}

TEST_CASE("midi: the division is no signed number") {
  const Score score = clean(smf(1, 0x7FFF, {Bytes{0, 0x90, 60, 70, 0x81, 0xFF, 0x7F, 0x80, 60, 0}}));
  CHECK(score.notes().at(0).end == Approx(0.5));
}

TEST_CASE("midi: SMPTE divisions count frames, whatever the tempo") {
  const auto [frames, ticks, seconds] = GENERATE(table<int, int, double>(
      {{24, 4, 100 / 96.0}, {25, 40, 0.1}, {29, 10, 100 / 300.0 * 1.001}, {30, 80, 100 / 2400.0}}));
  const auto division = static_cast<std::size_t>((256 - frames) << 8 | ticks);
  const Score score = clean(smf(1, division, {Bytes{0, 0xFF, 0x51, 3, 1, 0, 0} + note}));
  CHECK(score.tempo.is_smpte());
  CHECK(score.notes().at(0).end == Approx(seconds));
}

TEST_CASE("midi: unusual SMPTE frame rates are taken at their word") {
  const Score score = tolerated(smf(1, (256 - 50) << 8 | 2, {note}), "byte 12: the division has 50 frames a second");
  CHECK(score.notes().at(0).end == Approx(1.0));
}

// ---- chunks ----

TEST_CASE("midi: unknown chunks are kept") {
  const Bytes bytes =
      header(1, 1, 100) + chunk("XFIH", {1, 2, 3}) + chunk("MTrk", note + end_of_track) + chunk("abcd", {});
  const Score score = clean(bytes);
  CHECK(notes_of(score) == Notes{{0, 100, 60, 70}});
  CHECK(score.other_chunks == std::vector<OtherChunk>{{"XFIH", {1, 2, 3}}, {"abcd", {}}});
}

TEST_CASE("midi: bytes after the last chunk are skipped") {
  const Score score = tolerated(song(note + end_of_track) + Bytes{0, 0, 0}, "byte 34: 3 bytes after the last chunk");
  CHECK(notes_of(score) == Notes{{0, 100, 60, 70}});
}

TEST_CASE("midi: a file without notes is valid") {
  CHECK(clean(header(1, 0, 100)).tracks.empty());
  CHECK(clean(song(end_of_track)).tracks.empty());
  CHECK(clean(smf(0, 100, {Bytes{0, 0xC0, 5}})).notes().empty());
}

TEST_CASE("midi: a chunk's length is clamped to the bytes present") {
  Bytes bytes = song(note + end_of_track);
  bytes[21] = 200;
  CHECK(notes_of(tolerated(bytes, "byte 18: a chunk of 200 bytes where 12 are left")) == Notes{{0, 100, 60, 70}});
  bytes[18] = 255;
  CHECK(notes_of(parse(bytes)) == Notes{{0, 100, 60, 70}});
}

// ---- RIFF ----

Bytes little(std::size_t value) {
  Bytes bytes = big(value, 4);
  return {bytes[3], bytes[2], bytes[1], bytes[0]};
}

Bytes riff_chunk(std::string_view type, const Bytes& content) {
  return text(type) + little(content.size()) + content + Bytes(content.size() % 2, 0);
}

TEST_CASE("midi: a RIFF file holds a MIDI file in its data chunk") {
  const Bytes content = text("RMID") + riff_chunk("DISP", {1, 2, 3}) + riff_chunk("data", song(note + end_of_track)) +
                        riff_chunk("LIST", text("INFO"));
  const Bytes bytes = riff_chunk("RIFF", content);
  CHECK(notes_of(clean(bytes)) == Notes{{0, 100, 60, 70}});

  Bytes faulty = bytes;
  faulty[44] = 0;  // the division, 12 bytes after byte 32
  faulty[45] = 0;
  CHECK(refusal(faulty) == "song.mid: byte 44: the division is 0");
}

TEST_CASE("midi: a RIFF file cut short is read as far as it goes") {
  Bytes bytes = riff_chunk("RIFF", text("RMID") + riff_chunk("data", song(note + end_of_track)));
  bytes.resize(bytes.size() - 4);
  CHECK(notes_of(parse(bytes)) == Notes{{0, 100, 60, 70}});
  CHECK(parse(bytes).warnings.at(0) == "song.mid: byte 16: a chunk of 34 bytes where 30 are left");
}

TEST_CASE("midi: a RIFF file without a data chunk is refused") {
  CHECK(refusal(riff_chunk("RIFF", text("RMID"))) == "song.mid: byte 12: the RIFF file has no data chunk");
  CHECK(refusal(riff_chunk("RIFF", text("RMID") + riff_chunk("DISP", {1, 2, 3}))) ==
        "song.mid: byte 24: the RIFF file has no data chunk");
  CHECK(refusal(text("RIFF") + little(99) + text("RMIDLIST") + little(0xFFFFFFFF) + song(note)) ==
        "song.mid: byte 50: the RIFF file has no data chunk");
}

// ---- tempo ----

TEST_CASE("midi: tempo comes from all tracks") {
  const Bytes slow{0, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40}, fast{50, 0xFF, 0x51, 3, 0x03, 0xD0, 0x90};
  const Score score = clean(smf(1, 100, {slow, note, fast}));
  CHECK(score.tempo == TempoMap(100, {{0, 1000000}, {50, 250000}}));
  CHECK(score.notes().at(0).end == Approx(0.5 + 0.125));
  CHECK_FALSE(score.tracks[0].own_tempo);
}

TEST_CASE("midi: in format 2 every track has its own tempo") {
  const Bytes slow{0, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40};
  const Score score = clean(smf(2, 100, {slow + note, note}));
  CHECK(score.format == 2);
  REQUIRE(score.tracks.size() == 2);
  CHECK(score.tracks[0].own_tempo == TempoMap(100, {{0, 1000000}}));
  CHECK(score.tracks[1].own_tempo == TempoMap(100));
  CHECK(score.notes() == std::vector<Note>{{0, 1.0, 60, 70, 0}, {0, 0.5, 60, 70, 1}});
}

// ---- tracks, names and programs ----

TEST_CASE("midi: every channel of a track is a track, in order of appearance") {
  const Score score =
      clean(smf(1, 100,
                {Bytes{0,  0xFF, 3, 5,    ' ', 'a', ' ', 'b',  0,  0, 0x95, 60,   70, 0,  0x99,
                       36, 70,   9, 0x95, 60,  0,   0,   0x99, 36, 0, 0,    0xB2, 7,  100},
                 Bytes{0, 0xFF, 3, 1, 'c', 0, 0xFF, 3, 1, 'd', 0, 0xE1, 0, 64} + note, Bytes{0, 0xC5, 3}}));
  REQUIRE(score.tracks.size() == 6);
  const auto track = [&](std::size_t k) { return std::pair(score.tracks[k].name, score.tracks[k].channel); };
  CHECK(track(0) == std::pair(std::string("a b"), 5));
  CHECK(track(1) == std::pair(std::string("a b"), 9));
  CHECK(track(2) == std::pair(std::string("a b"), 2));
  CHECK(track(3) == std::pair(std::string("c"), 0));
  CHECK(track(4) == std::pair(std::string("c"), 1));  // it has only a bend
  CHECK(track(5) == std::pair(std::string(), 5));
  CHECK(score.tracks[1].is_drums());
  CHECK(score.notes().size() == 2);
}

TEST_CASE("midi: a track's program is the one in force at its first note") {
  const Bytes bytes = song(Bytes{0, 0xC0, 5, 0, 0xC0, 6} + note + Bytes{0, 0xC0, 7} + note + end_of_track);
  CHECK(clean(bytes).tracks.at(0).program == 6);
}

TEST_CASE("midi: failing that, the last one of its own") {
  const Bytes bytes = song(note + Bytes{0, 0xC0, 7, 0, 0xC0, 8} + end_of_track);
  CHECK(clean(bytes).tracks.at(0).program == 8);
}

TEST_CASE("midi: failing that, what another track sets on its channel") {
  const Bytes setup{0, 0xC0, 5, 0, 0xC1, 90, 50, 0xC0, 6, 50, 0xC0, 7};
  const Bytes late{60, 0x90, 60, 70, 9, 0x80, 60, 0};
  const Score score =
      clean(smf(1, 100, {setup, late, Bytes{0, 0x93, 60, 70, 9, 0x83, 60, 0}, note, Bytes{0, 0xB0, 7, 1}}));
  REQUIRE(score.tracks.size() == 6);
  CHECK(score.tracks[2].program == 6);
  CHECK(score.tracks[3].program == 0);
  CHECK(score.tracks[4].program == 5);
  CHECK(score.tracks[5].program == 7);
  // In format 2 tracks are independent.
  CHECK(clean(smf(2, 100, {setup, note})).tracks.at(2).program == 0);
}

TEST_CASE("midi: a program set elsewhere counts even if it comes later") {
  CHECK(clean(smf(1, 100, {note, Bytes{50, 0xC0, 5, 9, 0xC0, 6}})).tracks.at(0).program == 6);
}

TEST_CASE("midi: the tracks of one MTrk know it") {
  const Bytes one{0, 0x90, 60, 1, 9, 0x80, 60, 0}, two{0, 0x91, 60, 1, 9, 0x81, 60, 0};
  const auto chunks = [](const Score& score) {
    std::vector<int> all;
    for (const Track& track : score.tracks) all.push_back(track.chunk);
    return all;
  };
  CHECK(chunks(clean(smf(1, 100, {one, two, one + two, two + one}))) == std::vector{0, -1, 1, 1, 2, 2});
  CHECK(chunks(clean(smf(1, 100, {one + two, Bytes{}, one}))) == std::vector{0, 0, -1, -1});
  CHECK(chunks(clean(smf(0, 100, {one + two}))) == std::vector{-1, -1});
  CHECK(chunks(clean(smf(2, 100, {one + two, one, two + one}))) == std::vector{1, 1, -1, 2, 2});
}

TEST_CASE("midi: a MTrk without channels is a track without a channel, the first one is the score") {
  const Bytes words{0, 0xFF, 3, 1, 'w', 5, 0xFF, 5, 1, 'a'}, head{0, 0xFF, 3, 1, 'h', 0, 0xFF, 2, 1, 'c'};
  const Score score = clean(smf(1, 100, {head, words, note, Bytes{}}));
  CHECK(score.name == "h");
  CHECK(score.texts == std::vector<MetaEvent>{{0, MetaType::copyright, "c"}});
  REQUIRE(score.tracks.size() == 3);
  CHECK((score.tracks[0].channel == no_channel && score.tracks[2].channel == no_channel));
  CHECK(score.tracks[0].name == "w");
  CHECK(score.tracks[0].texts == std::vector<MetaEvent>{{5, MetaType::lyric, "a"}});
  CHECK(score.notes().size() == 1);
  CHECK(score.programs() == std::vector{0});
  CHECK(clean(smf(2, 100, {head, note})).tracks.at(0).name == "h");  // in format 2 it is a piece like any other
}

TEST_CASE("midi: signatures and markers come from all tracks, each once") {
  const Bytes time{0, 0xFF, 0x58, 4, 3, 2, 24, 8}, later{9, 0xFF, 0x58, 4, 3, 3, 24, 8}, marker{5, 0xFF, 6, 1, 'A'};
  const Score score = clean(smf(1, 100, {time, note + later, time + marker + note}));
  CHECK(score.time_signatures == std::vector<TimeSignature>{{0, 3, 4}, {109, 3, 8}});
  CHECK(score.markers == std::vector<Marker>{{5, "A"}});
  // In format 2 each belongs to its own track.
  const Score pieces = clean(smf(2, 100, {note + later, time + marker + note}));
  CHECK((pieces.time_signatures.empty() && pieces.markers.empty()));
  CHECK(pieces.tracks.at(0).texts.size() == 1);
  CHECK(pieces.tracks.at(1).texts.size() == 2);
}

TEST_CASE("midi: files in memory are read as files are") {
  const Bytes bytes = song(note + end_of_track);
  CHECK(notes_of(read_midi(bytes)) == Notes{{0, 100, 60, 70}});
  CHECK(notes_of(read_midi(std::as_bytes(std::span(bytes)))) == Notes{{0, 100, 60, 70}});
  CHECK_THROWS_WITH(read_midi(Bytes{'x'}), "MIDI data: byte 0: is not a MIDI file (no MThd)");
}

// ---- bounds ----

TEST_CASE("midi: twenty warnings, then a count") {
  Bytes events;
  for (int k = 0; k < 33; ++k) events = events + Bytes{0, 0xF8};
  const Score score = parse(song(events + end_of_track));
  REQUIRE(score.warnings.size() == 21);
  CHECK(score.warnings[19] == "song.mid: byte 61: status byte 248 has no place in a file");
  CHECK(score.warnings[20] == "song.mid: 13 more faults");
}

TEST_CASE("midi: a file of nothing but tiny tracks is read in no time") {
  Bytes bytes = header(1, 65535, 100);
  const Bytes track = chunk("MTrk", Bytes{0, 0xC0, 1, 0, 0xC1, 1, 0, 0xC2, 1, 0, 0xB3, 1, 1} + end_of_track);
  for (int k = 0; k < 65535; ++k) bytes.insert(bytes.end(), track.begin(), track.end());
  CHECK(clean(bytes).tracks.size() == 65535 * 4);
}

// ---- files ----

TEST_CASE("midi: files are known by their extension") {
  for (const char* name : {"a.mid", "a.MID", "b.midi", "c.Kar", "x/y.z.mId", "\u00e9\u97f3.mid"})
    CHECK(has_midi_extension(name));
  for (const char* name : {"mid", ".mid", "a.mid.txt", "a.rmi2", "a.mi", ""}) CHECK_FALSE(has_midi_extension(name));
}

TEST_CASE("midi: a file that is not there is named") {
  CHECK_THROWS_WITH(read_midi("no/such.mid"), Catch::StartsWith("no/such.mid: cannot be opened"));
}

}  // namespace
