// Reading and writing together: whatever is read or made up comes back the same, and no bytes do harm.
#include "musicgen/midi/smf.hpp"

#include <catch.hpp>

#include "data_files.hpp"
#include "midi/smf_bytes.hpp"
#include "musicgen/core/random.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::test;

/// Notes that a reader could have found: the outcome of random switching in a narrow range, so that notes are struck
/// again, lie on top of one another and end where the next begins.
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
      pairing.off(tick, pitch);
  }
  pairing.finish(tick + 1);
  return pairing.take();
}

std::string random_name(Random& random) {
  std::string name;
  for (int k = random.between(0, 200) - 100; k > 0; --k) name.push_back(static_cast<char>(random.between(-128, 127)));
  return name.empty() ? name : "<" + name + ">";  // blanks around it would not survive
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
    CHECK(again.notes() == score.notes());
  }
}

/// A file with a bit of everything that a reader looks at.
Bytes sample() {
  const Bytes first = Bytes{0, 0xFF, 3, 2} + text("ab") + Bytes{0, 0xFF, 0x51, 3, 7, 0xA1, 0x20, 0, 0xC1, 5} +
                      Bytes{0, 0x91, 60, 70, 10, 64, 70, 0x81, 0, 60, 0, 0, 0xB1, 64, 127, 5, 0x81, 64, 0} +
                      Bytes{9, 0xF0, 3, 1, 2, 0xF7, 0, 0x91, 64, 1, 8, 0xB1, 64, 0};
  const Bytes second = Bytes{3, 0x99, 36, 99, 4, 0x89, 36, 0, 0, 0xE0, 0, 64, 0, 0xD0, 3};
  return header(1, 2, 96) + chunk("MTrk", first + end_of_track) + chunk("junk", {1, 2, 3}) +
         chunk("MTrk", second + end_of_track);
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
  // Bytes that are likely to mean something, so that the reader gets far.
  constexpr unsigned char telling[] = {0,    1,    3,    60,   60,   64,   70,   127,  0x80, 0x90, 0x90, 0x91, 0xB0,
                                       0xC0, 0xE0, 0xF0, 0xF7, 0xF8, 0xFF, 0x2F, 0x51, 0x03, 0x81, 0xFF, 2};
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
