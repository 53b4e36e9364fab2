#include <catch.hpp>
#include <filesystem>
#include <fstream>
#include <musicgen/analyze/pop909.hpp>
#include <musicgen/core/error.hpp>
#include <string>

#include "analyze/pieces.hpp"
#include "data_files.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// A made-up song of bars of four, with two beats per second, and two beats before the first bar of the phrases.
class Annotated {
 public:
  Annotated() {
    const int beats = 2 + 4 * 8;
    std::string times, melody = "0 8\n";
    for (int i = 0; i < beats; ++i)
      times += std::to_string(0.5 * i) + (i % 2 == 0 ? " 1.0" : " 0.0") + (i % 4 == 0 ? " 1.0\n" : " 0.0\n");
    score_.tempo = TempoMap(480);
    score_.tracks = {{.name = "MELODY"}};
    for (int i = 0; i < 30; ++i) {
      const int pitch = 60 + 7 * i % 12;
      melody += std::to_string(pitch) + " 4\n";
      score_.tracks[0].notes.push_back({480 * (i + 4), 480 * (i + 5), static_cast<std::uint8_t>(pitch), 80});
    }
    write("POP909/001/beat_midi.txt", times);
    write("POP909/001/chord_midi.txt", "0.0\t1.0\tN\n1.0\t3.0\tC:maj\n3.0\t5.0\tA:min7/b3\n5.0 17.0 Bb:sus4(b7)\n");
    write("POP909/001/key_audio.txt", "0.1\t9.1\tC:maj\n9.1\t17.0\tD:maj\n");
    write("structure/POP909/001/analyzed_key.txt", "C:maj");
    write("structure/POP909/001/human_label1.txt", "i1A4b3\n");
    write("structure/POP909/001/melody.txt", melody);
    write("structure/POP909/001/finalized_chord.txt", "C:maj [0, 4, 7] 0 4\nA:min7 [9] 9 4\nBb:sus4 [10] 10 24\n");
  }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((place_ / name).parent_path());
    std::ofstream(place_ / name) << text;
  }

  Analysis read(Pop909Bars bars = Pop909Bars::structure) const {
    return read_pop909_annotations(*find_pop909_annotations(place_.path(), "001"), score_, bars);
  }

  const std::filesystem::path& path() const { return place_.path(); }

 private:
  TemporaryDirectory place_;
  Score score_;
};

/// The error for a song with this text in one of its files.
std::string fault_of(const std::string& file, const std::string& text) {
  const Annotated song;
  song.write(file, text);
  try {
    static_cast<void>(song.read());
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("pop909: annotations are found where they lie") {
  const Annotated song;
  CHECK_FALSE(find_pop909_annotations(song.path(), "002"));
  const auto folders = find_pop909_annotations(song.path(), "001");
  REQUIRE(folders);
  CHECK(folders->music == song.path() / "POP909" / "001");
  CHECK(folders->structure == song.path() / "structure" / "POP909" / "001");
  CHECK(find_pop909_annotations(song.path() / "POP909", "001")->structure.empty());
}

TEST_CASE("pop909: beats, keys and chords are what the files say") {
  const Analysis song = Annotated().read();
  CHECK(song.beats.size() == 34);
  CHECK(song.tempo == Approx(120));
  CHECK(song.beats[3].time == Seconds(1.5));
  CHECK(song.beats[3].tick == 3 * 480);
  CHECK(song.end == Seconds(17));
  REQUIRE(song.chords.size() == 4);
  CHECK(song.chords[0].label() == "N");
  CHECK(song.chords[2].label() == "A:min");
  CHECK(song.chords[2].bass == 0);
  CHECK(song.chords[2].first_beat == 6);
  CHECK(song.chords[3].label() == "Bb:sus4");
  REQUIRE(song.keys.size() == 2);
  CHECK(song.keys[0].label() == "C:maj");
  CHECK(song.keys[1].label() == "D:maj");
  CHECK(song.keys[1].first_beat == 18);
}

TEST_CASE("pop909: bars are those that phrases count in, or the third column's") {
  const Annotated song;
  const Analysis counted = song.read(), marked = song.read(Pop909Bars::beat_midi);
  CHECK(counted.beats[2].place == 0);
  CHECK(counted.bars[0] == Bar{0, 2, {4, 4}});
  CHECK(counted.form() == "i2A4b3");
  REQUIRE(counted.phrases.size() == 3);
  CHECK(counted.phrases[1].first_beat == 6);
  CHECK(counted.phrases[1].melody);
  CHECK_FALSE(counted.phrases[2].melody);
  CHECK(counted.phrases[2].end_beat == 34);
  CHECK(marked.beats[0].place == 0);
  CHECK(marked.beats[2].place == 2);
}

TEST_CASE("pop909: where the third column marks every sixth beat, bars have three") {
  const Annotated song;
  std::string times;
  for (int i = 0; i < 24; ++i)
    times += std::to_string(i) + (i % 3 == 1 ? " 1.0" : " 0.0") + (i % 6 == 1 ? " 1.0\n" : " 0.0\n");
  song.write("POP909/001/beat_midi.txt", times);
  const Analysis waltz = song.read(Pop909Bars::beat_midi);
  CHECK(to_string(waltz.meter) == "3/4");
  CHECK(waltz.beats[1].place == 0);
  CHECK(waltz.beats[4].place == 0);
}

TEST_CASE("pop909: beats that the song has and the structural annotations lack move the bars after them") {
  const Annotated song;
  std::string melody = "0 8\n";
  for (int i = 0; i < 30; ++i)
    if (i < 12 || i >= 14) melody += std::to_string(60 + 7 * i % 12) + " 4\n";
  song.write("structure/POP909/001/melody.txt", melody);
  const Analysis found = song.read();
  CHECK(found.beats[14].place == 0);  // the bar without two of its beats begins where it did
  CHECK(found.beats[24].place == 0);  // and later bars two beats later
  CHECK(found.beats[28].place == 0);
}

TEST_CASE("pop909: lines that make no sense are named") {
  CHECK_THAT(fault_of("POP909/001/beat_midi.txt", "0 1 1\n\n1 x 0\n"),
             Catch::EndsWith("beat_midi.txt: line 3 has no number in field 2"));
  CHECK_THAT(fault_of("POP909/001/beat_midi.txt", "0 1\n"), Catch::EndsWith("line 1 has too few fields"));
  CHECK_THAT(fault_of("POP909/001/beat_midi.txt", "1 1 1\n1 0 0\n"),
             Catch::EndsWith("line 2 is not after the line before it"));
  CHECK_THAT(fault_of("POP909/001/beat_midi.txt", ""), Catch::EndsWith("has no beats"));
  CHECK_THAT(fault_of("POP909/001/chord_midi.txt", "0 1 H:maj\n"), Catch::EndsWith("line 1 has no chord"));
  CHECK_THAT(fault_of("POP909/001/key_audio.txt", "0 1 C\n"), Catch::EndsWith("line 1 has no key"));
  CHECK_THAT(fault_of("structure/POP909/001/human_label1.txt", "A8B"), Catch::EndsWith("no phrases: \"B\""));
  CHECK_THAT(fault_of("structure/POP909/001/melody.txt", "60 1.5\n"), Catch::EndsWith("has no count at its end"));
}

TEST_CASE("pop909: numbers that no song has are named, not converted") {
  CHECK_THAT(fault_of("POP909/001/beat_midi.txt", "0 1 1\n1e300 0 0\n"),
             Catch::EndsWith("beat_midi.txt: line 2 has no number from -1000000 to 1000000 in field 1"));
  CHECK_THAT(fault_of("POP909/001/beat_midi.txt", "-1e300 1 1\n1 0 0\n"), Catch::Contains("line 1 has no number from"));
  CHECK_THAT(fault_of("POP909/001/chord_midi.txt", "0 1e300 C:maj\n"),
             Catch::EndsWith("chord_midi.txt: line 1 has no number from -1000000 to 1000000 in field 2"));
  CHECK_THAT(fault_of("POP909/001/key_audio.txt", "0 1e300 C:maj\n"),
             Catch::EndsWith("key_audio.txt: line 1 has no number from -1000000 to 1000000 in field 2"));
  CHECK_THAT(fault_of("structure/POP909/001/melody.txt", "0 4\n1e300 4\n"),
             Catch::EndsWith("melody.txt: line 2 has no number from 0 to 127 in field 1"));
  CHECK_THAT(fault_of("structure/POP909/001/melody.txt", "-1 4\n"), Catch::Contains("line 1 has no number from 0"));
}
