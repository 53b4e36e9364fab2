// Reading and writing together: scores that are read or made up come back the same, and no bytes do harm.
#include "musicgen/midi.hpp"

#include <catch.hpp>

#include "data_files.hpp"
#include "midi/smf_bytes.hpp"
#include "musicgen/core/random.hpp"
#include "musicgen/midi/note_pairing.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::test;

std::int64_t random_tick(Random& random) {
  return static_cast<std::int64_t>(random.below(random.between(0, 1) == 0 ? 4 : 1000));
}

/// Sorted by tick, as a reader finds them.
template <class Event>
std::vector<Event> by_tick(std::vector<Event> events) {
  std::stable_sort(events.begin(), events.end(), [](auto& a, auto& b) { return a.tick < b.tick; });
  return events;
}

std::vector<ChannelEvent> random_events(Random& random) {
  std::vector<ChannelEvent> events;
  for (int k = random.between(0, 12); k > 0; --k) {
    const std::int64_t tick = random_tick(random);
    const int value = random.between(0, 127);
    switch (random.between(0, 3)) {
      case 0:
        events.push_back(ChannelEvent::control(tick, random.between(0, 127), value));
        break;
      case 1:
        events.push_back(ChannelEvent::pitch_bend(tick, random.between(-8192, 8191)));
        break;
      case 2:
        events.push_back(ChannelEvent::channel_pressure(tick, value));
        break;
      default:
        events.push_back(ChannelEvent::key_pressure(tick, random.between(0, 127), value));
    }
  }
  return by_tick(std::move(events));
}

std::vector<MetaEvent> random_texts(Random& random) {
  constexpr MetaType types[] = {MetaType::sequence_number,    MetaType::copyright, MetaType::lyric, MetaType::cue,
                                MetaType::sequencer_specific, MetaType{0x60}};
  std::vector<MetaEvent> texts;
  for (int k = random.between(0, 4); k > 0; --k)
    texts.push_back({random_tick(random), types[random.below(std::size(types))], std::string(random.below(300), 'x')});
  return by_tick(std::move(texts));
}

std::vector<SysEx> random_sysex(Random& random) {
  std::vector<SysEx> all;
  for (int k = random.between(0, 2); k > 0; --k)
    all.push_back({random_tick(random), {0x43, static_cast<unsigned char>(random.between(0, 255))}, k == 2});
  return by_tick(std::move(all));
}

/// What all MTrks have in common in formats 0 and 1.
void add_random_signatures(Score& score, Random& random) {
  for (int k = random.between(0, 3); k > 0; --k)
    score.time_signatures.push_back(
        {k * 9, random.between(1, 255), 1 << random.between(0, 15), random.between(0, 255)});
  for (int k = random.between(0, 3); k > 0; --k)
    score.key_signatures.push_back({k * 9, random.between(-7, 7), random.between(0, 1) == 1});
  for (int k = random.between(0, 3); k > 0; --k) score.markers.push_back({k * 9, std::string(random.below(9), 'm')});
  score.time_signatures = by_tick(std::move(score.time_signatures));
  score.key_signatures = by_tick(std::move(score.key_signatures));
  score.markers = by_tick(std::move(score.markers));
}

/// Notes that a reader could have found: random note-ons and note-offs in a narrow range, so that notes are struck
/// again, overlap, and end where the next one begins.
std::vector<TickNote> random_notes(Random& random) {
  NotePairing pairing;
  std::int64_t tick = 0;
  const int lowest = random.between(0, 124);
  const std::int64_t longest_pause = random.between(0, 9) == 0 ? 0x7FFFFFFF : 30;
  for (int k = random.between(0, 60); k > 0; --k) {
    tick += random.between(0, 2) == 0
                ? 0
                : static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(longest_pause)));
    const auto pitch = static_cast<std::uint8_t>(random.between(lowest, lowest + 3));
    if (random.between(0, 1) == 0)
      pairing.on(tick, pitch, static_cast<std::uint8_t>(random.between(1, 127)));
    else
      pairing.off(tick, pitch, static_cast<std::uint8_t>(random.between(0, 127)));
  }
  pairing.finish(tick + 1);
  return pairing.take();
}

std::string random_name(Random& random) {
  std::string name;
  for (int k = random.between(0, 200) - 100; k > 0; --k) name.push_back(static_cast<char>(random.between(-128, 127)));
  return name.empty() ? name : "<" + name + ">";  // blanks around it would be lost
}

TempoMap random_tempo(Random& random, std::uint16_t division) {
  std::vector<TempoChange> changes(random.below(5));
  for (TempoChange& change : changes)
    change = {static_cast<std::int64_t>(random.below(random.between(0, 1) == 0 ? 4 : std::uint64_t{1} << 31)),
              static_cast<std::uint32_t>(1 + random.below(0xFFFFFF))};
  return TempoMap(division, std::move(changes));
}

Score random_score(Random& random) {
  Score score;
  score.format = random.between(0, 2);
  constexpr std::uint16_t smpte[] = {0xE728, 0xE804, 0xE3FF, 0xE201};
  const auto division =
      random.between(0, 3) == 0 ? smpte[random.below(4)] : static_cast<std::uint16_t>(random.between(1, 0x7FFF));
  score.tempo = score.format == 2 ? TempoMap(division) : random_tempo(random, division);
  score.tracks.resize(random.below(score.format == 0 ? 17 : 24));
  const std::string name = random_name(random);
  const int first_channel = random.between(0, 15);
  for (std::size_t k = 0; k < score.tracks.size(); ++k) {
    Track& track = score.tracks[k];
    track.name = score.format == 0 ? name : random_name(random);
    track.channel = score.format == 0 ? (first_channel + static_cast<int>(k)) % 16 : random.between(0, 15);
    track.program = random.between(0, 127);
    track.notes = random_notes(random);
    if (score.format == 2) track.own_tempo = random_tempo(random, division);
    track.events = random_events(random);
    if (score.format != 0 || k == 0) {  // if there is one MTrk, the first track has them
      track.texts = random_texts(random);
      track.sysex = random_sysex(random);
    }
  }
  if (score.format != 2) add_random_signatures(score, random);
  if (score.format == 1) {
    score.name = random_name(random);
    score.texts = random_texts(random);
    score.sysex = random_sysex(random);
  }
  return score;
}

TEST_CASE("midi: any score comes back as it was written") {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Score score = random_score(random);
    const Score again = parse_midi(midi_bytes(score), "again", {.strict = true});
    CHECK(again.format == score.format);
    CHECK(again.tempo == score.tempo);
    REQUIRE(again.tracks == score.tracks);
    CHECK(same_music(again, score));
    CHECK(again.notes() == score.notes());
  }
}

TEST_CASE("midi: a file that is read, written and read again is an equal score, and any change to one an unequal one") {
  const TemporaryDirectory folder;
  Random random(1);
  write_midi(folder / "first.mid", random_score(random));
  const Score score = read_midi(folder / "first.mid", {.strict = true});
  write_midi(folder / "again.mid", score);
  REQUIRE((read_midi(folder / "again.mid", {.strict = true}) == score));
  const auto changed = [&](auto change) {
    Score other = score;
    change(other);
    return other != score;
  };
  CHECK(changed([](Score& s) { s.format = 3; }));
  CHECK(changed([](Score& s) { s.tempo = TempoMap(7); }));
  CHECK(changed([](Score& s) { s.tracks.emplace_back(); }));
  CHECK(changed([](Score& s) { s.tracks.at(0).notes.push_back({0, 1, 60, 64}); }));
  CHECK(changed([](Score& s) { s.tracks.at(0).events.push_back(ChannelEvent::program(9, 1)); }));
  CHECK(changed([](Score& s) { s.warnings.emplace_back("a fault"); }));
  CHECK(changed([](Score& s) { s.name += '!'; }));
  CHECK(changed([](Score& s) { s.time_signatures.push_back({0, 3, 4}); }));
  CHECK(changed([](Score& s) { s.key_signatures.push_back({0, 3}); }));
  CHECK(changed([](Score& s) { s.markers.push_back({0, "end"}); }));
  CHECK(changed([](Score& s) { s.texts.push_back({0, MetaType::text, "words"}); }));
  CHECK(changed([](Score& s) { s.sysex.push_back({0, {1}}); }));
  CHECK(changed([](Score& s) { s.other_chunks.push_back({"XFIH", {1}}); }));
}

/// A file with some of everything that a reader handles.
Bytes sample() {
  const Bytes first = Bytes{0, 0xFF, 3, 2} + text("ab") + Bytes{0, 0xFF, 0x51, 3, 7, 0xA1, 0x20, 0, 0xC1, 5} +
                      Bytes{0, 0x91, 60, 70, 10, 64, 70, 0x81, 0, 60, 0, 0, 0xB1, 64, 127, 5, 0x81, 64, 0} +
                      Bytes{9, 0xF0, 3, 1, 2, 0xF7, 0, 0x91, 64, 1, 8, 0xB1, 64, 0};
  const Bytes second = Bytes{3, 0x99, 36, 99, 4, 0x89, 36, 0, 0, 0xE0, 0, 64, 0, 0xD0, 3, 0, 0xA9, 36, 5} +
                       Bytes{0, 0xFF, 0x58, 4, 6, 3, 24, 8, 1, 0xFF, 0x59, 2, 0xFF, 1, 0, 0xFF, 6, 1, 'm'} +
                       Bytes{2, 0xFF, 5, 2, 'l', 'a', 0, 0xC9, 8, 1, 0xC9, 9};
  return header(1, 2, 96) + chunk("MTrk", first + end_of_track) + chunk("junk", {1, 2, 3}) +
         chunk("MTrk", second + end_of_track);
}

TEST_CASE("midi: a file with a bit of everything comes back the same") {
  const Bytes whole = sample();
  const Score score = parse(whole);
  CHECK((score.time_signatures.size() == 1 && score.key_signatures.size() == 1 && score.markers.size() == 1));
  CHECK(midi_bytes(parse(midi_bytes(score))) == midi_bytes(score));
  CHECK(same_music(parse(midi_bytes(score)), score));
}

TEST_CASE("midi: a file cut short anywhere is read or refused") {
  const Bytes whole = sample();
  REQUIRE(parse(whole).notes().size() == 3);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    REQUIRE(survives(cut));
    CHECK(refusal(cut).empty() == (size >= 14));
    CHECK_FALSE(refusal(cut, {.strict = true}).empty());
  }
}

TEST_CASE("midi: a file with any one byte wrong is read or refused") {
  const Bytes right = sample();
  for (std::size_t at = 0; at < right.size(); ++at)
    for (int value = 0; value < 256; ++value) {
      CAPTURE(at, value);
      Bytes wrong = right;
      wrong[at] = static_cast<unsigned char>(value);
      REQUIRE(survives(wrong));
    }
}

TEST_CASE("midi: random events are read or refused") {
  // Bytes that probably mean something, so that the reader gets far.
  constexpr unsigned char telling[] = {0,    1,    3,    60,   60,   64,   70,   127,  0x80, 0x90, 0x90, 0x91, 0xB0,
                                       0xC0, 0xE0, 0xF0, 0xF7, 0xF8, 0xFF, 0x2F, 0x51, 0x03, 0x81, 0xFF, 2,    0x58,
                                       0x59, 4,    0xA1, 0xD0, 0xC1, 0,    0,    0,    0,    0xB0, 64};
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    CAPTURE(seed);
    Random random(seed, 1);
    Bytes bytes = header(random.below(4), 2, 1 + random.below(0x7FFF));
    for (int tracks = 0; tracks < 2; ++tracks) {
      Bytes events(random.below(120));
      for (unsigned char& byte : events)
        byte = random.between(0, 19) == 0 ? static_cast<unsigned char>(random.below(256))
                                          : telling[random.below(std::size(telling))];
      bytes = bytes + chunk("MTrk", events);
    }
    REQUIRE(survives(bytes));
  }
}

TEST_CASE("midi: every POP909 file reads, writes and reads again as the same notes") {
  const auto folder = pop909_dir();
  if (!folder) return skip("POP909 is not here");
  std::size_t notes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*folder)) {
    if (!has_midi_extension(entry.path())) continue;
    CAPTURE(entry.path());
    const Score score = read_midi(entry.path());
    notes += score.notes().size();
    REQUIRE(same_music(score, parse_midi(midi_bytes(score), "again", {.strict = true})));
  }
  CHECK(notes > 0);
}

}  // namespace
