#include "musicgen/data/reading.hpp"

#include <catch.hpp>
#include <musicgen/core/thread_pool.hpp>
#include <string>
#include <vector>

#include "corpora.hpp"
#include "data_files.hpp"
#include "threads.hpp"

using namespace musicgen;
using namespace musicgen::test;
namespace fs = std::filesystem;

TEST_CASE("data: files that are no use are skipped, each with its reason") {
  const TemporaryDirectory dir;
  write_song(dir / "good.mid", scale(8));
  write_text(dir / "empty.mid", "");
  write_text(dir / "text.mid", "This is no music.");
  write_song(dir / "silent.mid", Score());
  Score drums = scale(8);
  drums.tracks[0].channel = 9;
  write_song(dir / "drums.mid", drums);
  fs::create_symlink("nowhere", dir / "gone.mid");
  fs::create_directory(dir / "folder.mid");
  write_song(dir / "zero division.mid", scale(8));
  {
    std::fstream file(dir / "zero division.mid", std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(12);
    file.write("\0\0", 2);
  }
  const ReadResult reading = read_files(list_folder(dir.path()), {});
  REQUIRE(reading.songs.size() == 1);
  CHECK(reading.songs[0].name == "good");
  CHECK(reading.songs[0].notes == 8);
  REQUIRE(reading.skipped.size() == 6);
  for (const Skipped& skipped : reading.skipped) {
    INFO(skipped.file << ": " << skipped.reason);
    CHECK_FALSE(skipped.reason.empty());
    CHECK(skipped.reason.find('\n') == std::string::npos);
    CHECK(skipped.reason.find(dir.path().string()) == std::string::npos);
  }
  CHECK(reading.skipped[0] == Skipped{dir / "drums.mid", "has no notes that tokens can say"});
  CHECK(reading.skipped[2].file == dir / "gone.mid");
  CHECK(reading.skipped[4].reason.substr(0, 5) == "byte ");
}

TEST_CASE("data: reading gives the same on any number of threads") {
  const TemporaryDirectory dir;
  for (int i = 0; i < 40; ++i)
    write_song(dir / ("song" + std::to_string(i) + ".mid"), random_score(static_cast<std::uint64_t>(i)));
  write_text(dir / "song7.mid", "bad");
  std::vector<ReadResult> readings;
  for (const int threads : {1, 2, 3}) {
    const test::Threads pool(threads);
    readings.push_back(read_files(list_folder(dir.path()), {}));
  }
  CHECK(readings[0].songs.size() > 30);
  for (const ReadResult& reading : readings) {
    CHECK(reading.songs == readings[0].songs);
    CHECK(reading.skipped == readings[0].skipped);
    CHECK(reading.report == readings[0].report);
  }
}

TEST_CASE("data: what the encoder merged or dropped is counted") {
  const TemporaryDirectory dir;
  const Score doubled = score_of({{0, 100, 60}, {1, 200, 60}, {150, 300, 60}});
  write_song(dir / "a.mid", doubled);
  write_song(dir / "b.mid", doubled);
  const ReadResult reading = read_files(list_folder(dir.path()), {});
  CHECK(reading.report.merged == 2);
  CHECK(reading.report.dropped_notes == 0);

  const Vocabulary holes = vocabulary_with_holes();
  write_song(dir / "b.mid", score_of({{0, 100, 60}, {0, 100, 70}, {0, 100, 90}}));
  CHECK(read_files(list_folder(dir.path()), {.vocabulary = holes}).report.dropped_notes == 2);
}

TEST_CASE("data: the sustain pedal counts in MAESTRO, elsewhere when asked") {
  const TemporaryDirectory dir;
  // 100 ticks a quarter, 120 quarters a minute: a note of 20 ticks, the pedal down at 10 and up at 100.
  const std::string events("\0\x90\x3C\x40\x0A\xB0\x40\x7F\x0A\x80\x3C\x00\x50\xB0\x40\x00\0\xFF\x2F\0", 20);
  write_text(dir / "x.midi",
             std::string("MThd\0\0\0\6\0\0\0\1\0\x64MTrk\0\0\0", 21) + static_cast<char>(events.size()) + events);
  const auto steps = [&](const Listing& listing, bool sustain) {
    return read_files(listing, {.sustain = sustain}).songs.at(0).steps;
  };
  CHECK(steps(list_folder(dir.path()), false) == 10);
  CHECK(steps(list_folder(dir.path()), true) == 50);
  write_text(dir / "maestro-v3.0.0.csv", "split,midi_filename\ntrain,x.midi\n");
  CHECK(steps(list_files(dir.path()), false) == 50);
}
