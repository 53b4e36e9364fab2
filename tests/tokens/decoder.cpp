#include <catch.hpp>
#include <cmath>
#include <filesystem>
#include <map>
#include <musicgen/midi.hpp>
#include <musicgen/tokens/decoder.hpp>
#include <musicgen/tokens/encoder.hpp>
#include <musicgen/tokens/grammar.hpp>
#include <sstream>
#include <tuple>
#include <type_traits>

#include "data_files.hpp"
#include "songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// "start-end pitch velocity track" in steps, separated by commas.
std::string notes_text(const std::vector<Note>& notes) {
  std::ostringstream out;
  for (const Note& n : notes)
    out << (out.tellp() > 0 ? ", " : "") << std::lround(n.start * 100) << '-' << std::lround(n.end * 100) << ' '
        << n.pitch << " v" << n.velocity << " i" << n.track;
  return out.str();
}

struct DecodingCase {
  std::string name, tokens, notes;
  DecodeReport report = {};
};

const std::vector<DecodingCase> decoding_cases{
    {"nothing at all", "", ""},
    {"a song without notes", "^ $", ""},
    {"two notes", "^ +60 v63 i0 t10 +64 v99 i0 t100 t5 -60 i0 -64 i0 $", "0-115 60 v63 i0, 10-115 64 v99 i0"},
    {"without ^ and $", "+60 v63 i0 t10 -60 i0", "0-10 60 v63 i0"},
    {"silence first, a gap in two", "^ t7 t3 +60 v63 i0 t1 -60 i0 $", "10-11 60 v63 i0"},
    {"any order in a step", "^ +60 v63 i0 t1 +50 v63 i0 -60 i0 +40 v63 i0 t1 -50 i0 -40 i0 $",
     "0-1 60 v63 i0, 1-2 40 v63 i0, 1-2 50 v63 i0"},

    {"stray velocity and track", "^ v63 +60 v63 i0 t1 i0 -60 i0 $", "0-1 60 v63 i0", {.stray = 2, .first_stray = 1}},
    {"a note on that breaks off",
     "^ +60 +62 v63 t1 +64 v63 i0 t2 -64 i0 $",
     "1-3 64 v63 i0",
     {.stray = 3, .first_stray = 1}},
    {"a note on without velocity", "^ +60 i0 t1 $", "", {.stray = 2, .first_stray = 1}},
    {"two velocities", "^ +60 v63 v99 i0 t1 $", "", {.stray = 4, .first_stray = 1}},
    {"a note off that breaks off", "^ +60 v63 i0 t1 -60 t1 -60 i0 $", "0-2 60 v63 i0", {.stray = 1, .first_stray = 5}},
    {"an off of a note that does not sound",
     "^ +60 v63 i0 t1 -61 i0 -60 i1 -60 i0 -60 i0 $",
     "0-1 60 v63 i0",
     {.stray = 6, .first_stray = 5}},
    {"a group cut off at the end", "^ +60 v63 i0 t1 -60 i0 +62 v63", "0-1 60 v63 i0", {.stray = 2, .first_stray = 7}},
    {"^ inside", "^ +60 v63 i0 ^ t1 -60 i0 $", "0-1 60 v63 i0", {.stray = 1, .first_stray = 4}},
    {"more after $", "^ $ +60 v63 i0 t1 -60 i0 $", "", {.stray = 7, .first_stray = 2}},

    {"struck again while it sounds",
     "^ +60 v63 i0 t5 +60 v99 i0 t2 -60 i0 $",
     "0-5 60 v63 i0, 5-7 60 v99 i0",
     {.restruck = 1}},
    {"struck again, the older note's off after",
     "^ +60 v63 i0 t5 +60 v99 i0 -60 i0 t2 -60 i0 $",
     "0-5 60 v63 i0, 5-7 60 v99 i0",
     {.stray = 2, .first_stray = 8, .restruck = 1}},
    {"struck twice in a step",
     "^ +60 v63 i0 +60 v99 i0 +60 v79 i0 t2 -60 i0 $",
     "0-2 60 v99 i0",
     {.stray = 6, .first_stray = 4}},
    {"ended in its first step", "^ +60 v63 i0 -60 i0 t5 $", "0-1 60 v63 i0"},
    {"ended in its first step and struck again",
     "^ +60 v63 i0 -60 i0 +60 v99 i0 t5 -60 i0 $",
     "0-1 60 v63 i0",
     {.stray = 5, .first_stray = 6}},
    {"open at the end", "^ +60 v63 i0 t5 +62 v63 i1 $", "0-5 60 v63 i0, 5-6 62 v63 i1", {.open = 2}},
};

/// What the encoder's rules make of a score, implemented once more in another way.
struct Expected {
  Note played;             // as the file has it, from the first onset
  bool cut = false;        // ended by the next one
  int start = 0, end = 0;  // steps
};
std::vector<Expected> expected_notes(const Score& score) {
  const auto notes = score.notes();
  std::map<std::pair<int, int>, std::map<int, Expected>> voices;  // (track, pitch), start
  for (Note n : notes) {
    n.start -= notes[0].start;
    n.end -= notes[0].start;
    Expected e{n, false, static_cast<int>(std::floor(n.start * 100 + 0.5 + 1e-8)), 0};
    e.end = std::max(e.start + 1, static_cast<int>(std::floor(n.end * 100 + 0.5 + 1e-8)));
    const auto [at, is_new] = voices[{n.track, n.pitch}].emplace(e.start, e);
    if (is_new) continue;
    const Expected& other = at->second;
    if (std::pair(n.velocity, e.end) > std::pair(other.played.velocity, other.end)) at->second = e;
  }
  std::vector<Expected> all;
  for (auto& [voice, by_start] : voices)
    for (auto at = by_start.begin(); at != by_start.end(); ++at) {
      const auto next = std::next(at);
      if (next != by_start.end() && at->second.end > next->first) {
        at->second.cut = true;
        at->second.end = next->first;
      }
      all.push_back(at->second);
    }
  return all;  // by track, pitch, start
}

/// What is wrong with the song after encoding and decoding; nothing if it is as it should be.
std::string fault_of_round_trip(const Score& score, const Vocabulary& vocabulary) {
  const Encoded encoded = encode(score, vocabulary);
  DecodeReport report;
  const Score decoded = decode(encoded.tokens, vocabulary, encoded.programs, &report);
  if (report != DecodeReport{}) return "tokens out of order";
  if (encode(decoded, vocabulary).tokens != encoded.tokens) return "other tokens the second time";
  if (decoded.programs() != score.programs()) return "other programs";
  for (const bool canonical : {false, true}) {
    Grammar grammar(vocabulary, {.canonical = canonical});
    for (const Token token : encoded.tokens) grammar.advance(token);
    if (!grammar.ended()) return "no end";
  }

  auto notes = decoded.notes();
  std::sort(notes.begin(), notes.end(), [](const Note& a, const Note& b) {
    return std::tuple(a.track, a.pitch, a.start) < std::tuple(b.track, b.pitch, b.start);
  });
  const auto expected = expected_notes(score);
  if (notes.size() != expected.size()) return "another number of notes";
  for (std::size_t i = 0; i < notes.size(); ++i) {
    const Note &n = notes[i], &played = expected[i].played;
    const bool one_step = expected[i].end == expected[i].start + 1;
    if (n.track != played.track || n.pitch != played.pitch) return "another note";
    if (std::abs(n.start - played.start) > 0.005 + 1e-9) return "onset";
    if (std::abs(n.end - expected[i].end / 100.0) > 1e-9) return "end in steps";
    if (!expected[i].cut && !one_step && std::abs(n.end - played.end) > 0.005 + 1e-9) return "end";
    if (n.velocity != quantized_velocity(played.velocity)) return "velocity";
  }
  return "";
}

}  // namespace

TEST_CASE("tokens: decoding, and what it makes of tokens that break the grammar") {
  const auto vocabulary = Vocabulary::standard();
  for (const auto& [name, input, notes, report] : decoding_cases) {
    INFO(name);
    DecodeReport got;
    CHECK(notes_text(decode(tokens(vocabulary, input), vocabulary, {}, &got).notes()) == notes);
    CHECK(got == report);
  }
}

TEST_CASE("tokens: decoding keeps programs, and makes no track of a number that no note has") {
  const auto vocabulary = Vocabulary::standard();
  const auto song = tokens(vocabulary, "^ +60 v63 i2 t1 -60 i2 $");
  const Score score = decode(song, vocabulary, std::vector{10, 20, 30});
  REQUIRE(score.tracks.size() == 1);
  CHECK(score.tracks[0].program == 30);
  CHECK(score.tracks[0].notes.size() == 1);
  CHECK(text(vocabulary, encode(score, vocabulary).tokens) == "^ +60 v63 i0 t1 -60 i0 $");  // renumbered
}

TEST_CASE("tokens: a number outside the vocabulary is an error") {
  const auto vocabulary = Vocabulary::standard();
  CHECK_THROWS_WITH(decode(std::vector<Token>{403, 405}, vocabulary), Catch::Contains("token 405 at position 1"));
  CHECK_THROWS_WITH(decode(std::vector<Token>{-1}, vocabulary), Catch::Contains("token -1 at position 0"));
}

TEST_CASE("tokens: notes come out of the stream as they end, and a copy is a snapshot") {
  STATIC_REQUIRE(std::is_trivially_copyable_v<NoteAssembler>);
  const auto vocabulary = Vocabulary::standard();
  NoteAssembler assembler;
  const auto push = [&](const std::string& input) {
    std::vector<Note> notes;
    for (const Token token : tokens(vocabulary, input))
      if (const auto note = assembler.push(vocabulary[token])) notes.push_back(*note);
    return notes_text(notes);
  };
  CHECK(push("^ +60 v63 i0 +64 v63 i3 t50 -60") == "");
  CHECK(assembler.steps() == 50);
  CHECK(assembler.seconds() == 0.5);
  const NoteAssembler snapshot = assembler;
  CHECK(push("i0") == "0-50 60 v63 i0");
  CHECK(push("t100 -64 i3") == "0-150 64 v63 i3");
  CHECK(push("$") == "");
  CHECK(assembler.ended());

  assembler = snapshot;
  CHECK(assembler.steps() == 50);
  CHECK(push("i0 t1") == "0-50 60 v63 i0");
  std::vector<Note> open;
  assembler.flush([&](const Note& note) { open.push_back(note); });
  CHECK(notes_text(open) == "0-51 64 v63 i3");
  CHECK(assembler.report().open == 1);
  assembler.flush([&](const Note&) { FAIL("nothing sounds any more"); });
}

TEST_CASE("tokens: any tokens at all decode to a song that encodes") {
  for (const auto& vocabulary : {Vocabulary::standard(), vocabulary_with_holes()})
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      Random random(seed);
      std::vector<Token> song;
      for (int i = 0; i < 20000; ++i) {
        // Few pitches and tracks, so that groups are completed and collide; sometimes any token.
        const Token group[] = {vocabulary.note_on(62 + random.between(0, 2)), vocabulary.velocity(63),
                               vocabulary.track(2 * random.between(0, 1)),
                               vocabulary.note_off(62 + random.between(0, 2)), vocabulary.time(random.between(1, 3))};
        Token token = group[random.below(5)];
        if (random.below(100) == 0)
          token = static_cast<Token>(random.below(static_cast<std::uint64_t>(vocabulary.size())));
        if (token != vocabulary.end()) song.push_back(token);
      }
      const Score score = decode(song, vocabulary);
      REQUIRE(score.notes().size() > 100);
      std::map<std::pair<int, int>, double> last_end;
      for (const Note& n : score.notes()) {
        REQUIRE(n.end - n.start > step_seconds - 1e-9);
        REQUIRE(n.start > last_end[{n.track, n.pitch}] - 1e-9);
        last_end[{n.track, n.pitch}] = n.end;
      }
      const auto encoded = encode(score, Vocabulary::standard());
      CHECK(encoded.report == EncodeReport{});
      CHECK(encode(decode(encoded.tokens, Vocabulary::standard()), Vocabulary::standard()).tokens == encoded.tokens);
    }
}

TEST_CASE("tokens: random songs keep their notes through tokens and back") {
  const auto vocabulary = Vocabulary::standard();
  std::int64_t merged = 0, restruck = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Score score = random_score(seed);
    INFO(seed);
    if (score.notes().empty()) continue;
    CHECK(fault_of_round_trip(score, vocabulary) == "");
    const auto report = encode(score, vocabulary).report;
    merged += report.merged;
    restruck += report.restruck;
  }
  CHECK(merged > 0);
  CHECK(restruck > 0);
}

TEST_CASE(
    "tokens: every POP909 file through tokens and back keeps onsets and ends within 5 ms, velocities in their bins") {
  const auto folder = pop909_dir();
  if (!folder) return skip("no POP909 here");
  const auto vocabulary = Vocabulary::standard();
  int files = 0;
  std::string faults;  // of the first files that have any
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*folder)) {
    if (!has_midi_extension(entry.path())) continue;
    ++files;
    const auto fault = fault_of_round_trip(read_midi(entry.path()), vocabulary);
    if (!fault.empty() && faults.size() < 1000) faults += entry.path().string() + ": " + fault + "\n";
  }
  CHECK(files > 0);
  CHECK(faults == "");
}
