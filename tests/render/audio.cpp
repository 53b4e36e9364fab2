#include "musicgen/render/audio.hpp"

#include <catch.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "data_files.hpp"

using namespace musicgen;
using namespace std::chrono_literals;

namespace {

Score one_note(double start, double end) {
  const std::vector<Note> notes{{start, end, 69, 100, 0}};
  return Score::from_notes(notes);
}

struct Wav {
  std::vector<unsigned char> bytes;
  explicit Wav(const std::filesystem::path& file) : bytes(read_bytes(file)) { REQUIRE(bytes.size() >= 44); }
  std::string text(std::size_t at) const {
    return {bytes.begin() + static_cast<long>(at), bytes.begin() + static_cast<long>(at) + 4};
  }
  std::uint32_t number(std::size_t at, int size) const {
    std::uint32_t value = 0;
    for (int i = size; i-- > 0;) value = value << 8 | bytes[at + static_cast<std::size_t>(i)];
    return value;
  }
  /// The loudness (root mean square, 0..1) of the left channel.
  double loudness(double from, double to) const {
    double sum = 0;
    const auto first = static_cast<std::size_t>(from * 44100), last = static_cast<std::size_t>(to * 44100);
    for (std::size_t frame = first; frame < last; ++frame) {
      const auto sample = static_cast<std::int16_t>(number(44 + 4 * frame, 2));
      sum += sample * sample / (32768.0 * 32768.0);
    }
    return std::sqrt(sum / static_cast<double>(last - first));
  }
};

bool has_soundfont() {
  if (find_soundfont()) return true;
  test::skip("there is no soundfont");
  return false;
}

}  // namespace

TEST_CASE("render: a note is heard when it sounds, and the file is as long as the song") {
  if (!has_soundfont()) return;
  const test::TemporaryDirectory folder;
  write_wav(folder / "a.wav", one_note(1, 2), {.tail = 1500ms});
  const Wav wav(folder / "a.wav");
  CHECK(wav.text(0) == "RIFF");
  CHECK(wav.number(4, 4) == wav.bytes.size() - 8);
  CHECK(wav.text(8) == "WAVE");
  CHECK(wav.number(22, 2) == 2);
  CHECK(wav.number(24, 4) == 44100);
  CHECK(wav.number(34, 2) == 16);
  CHECK(wav.number(40, 4) == wav.bytes.size() - 44);
  CHECK(static_cast<double>(wav.bytes.size() - 44) / 4 == Approx(3.5 * 44100).margin(2));
  CHECK(wav.loudness(0, 0.95) < 1e-3);
  CHECK(wav.loudness(1, 1.5) > 0.01);
}

TEST_CASE("render: the same song gives the same sound") {
  if (!has_soundfont()) return;
  const test::TemporaryDirectory folder;
  write_wav(folder / "a.wav", one_note(0, 0.5));
  write_wav(folder / "b.wav", one_note(0, 0.5));
  CHECK(read_bytes(folder / "a.wav") == read_bytes(folder / "b.wav"));
}

TEST_CASE("render: programs and drums are played, every track on a channel of its own") {
  if (!has_soundfont()) return;
  const test::TemporaryDirectory folder;
  const auto sound = [&](const Score& score) {
    write_wav(folder / "a.wav", score, {.tail = 500ms});
    return read_bytes(folder / "a.wav");
  };
  Score piano = one_note(0, 1), organ = piano, drums = piano, ten = piano, twenty = piano;
  organ.tracks[0].program = 19;
  drums.tracks[0].channel = 9;
  // A bool, since Catch2 3.7 cannot print a message with so many bytes.
  const auto alike = [&](const Score& a, const Score& b) { return sound(a) == sound(b); };
  CHECK_FALSE(alike(piano, organ));
  CHECK_FALSE(alike(piano, drums));
  write_wav(folder / "drums.wav", drums);
  CHECK(Wav(folder / "drums.wav").loudness(0, 0.3) > 1e-3);
  // The twentieth track sounds, with its program, although a MIDI file has sixteen channels.
  twenty.tracks.insert(twenty.tracks.begin(), 19,
                       Track{.name = "", .channel = 0, .program = 19, .notes = {}, .own_tempo = {}});
  CHECK(alike(twenty, piano));
  // The tenth track, whose channel would be that of drums in a MIDI file, is not played by drums.
  ten.tracks.insert(ten.tracks.begin(), 9,
                    Track{.name = "", .channel = 0, .program = 19, .notes = {}, .own_tempo = {}});
  CHECK(alike(ten, piano));
}

TEST_CASE("render: a soundfont that is none is named, and nothing is written") {
  const test::TemporaryDirectory folder;
  write_bytes(folder / "text.sf2", "no soundfont");
  write_bytes(folder / "a.wav", "kept");
  CHECK_THROWS_WITH(write_wav(folder / "a.wav", one_note(0, 1), {.soundfont = folder / "text.sf2"}),
                    Catch::Contains("text.sf2: cannot be loaded as a soundfont"));
  CHECK_THROWS_WITH(write_wav(folder / "a.wav", one_note(0, 1), {.soundfont = folder / "missing.sf2"}),
                    Catch::Contains("missing.sf2: cannot be loaded as a soundfont"));
  CHECK(read_bytes(folder / "a.wav").size() == 4);
}
