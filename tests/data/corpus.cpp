#include "musicgen/data/corpus.hpp"

#include <catch.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "corpora.hpp"
#include "data_files.hpp"

using namespace musicgen;
using namespace musicgen::test;
namespace fs = std::filesystem;

namespace {

std::string line(const Corpus& corpus) {
  std::ostringstream out;
  out << corpus;
  return out.str();
}

/// POP909's layout: songs 001 to 010, each with one version; one of these has no melody.
void write_pop909(const fs::path& dir) {
  for (int i = 1; i <= 10; ++i) {
    std::string number = std::to_string(1000 + i).substr(1);
    write_song(dir / number / (number + ".mid"), named(scale(3 + i), "MELODY"));
    write_song(dir / number / "versions" / (number + "-v1.mid"), named(scale(20 + i), i == 3 ? "PIANO" : "Melody "));
  }
}

}  // namespace

TEST_CASE("data: a corpus opens whatever a folder holds") {
  const TemporaryDirectory dir;
  write_pop909(dir / "pop");
  const Corpus pop = Corpus::open(dir / "pop");
  CHECK(pop.songs().size() == 19);
  CHECK(pop.indices(Split::validation) == std::vector<std::size_t>{7, 8});
  CHECK(pop.songs()[7].name == "005/005");
  CHECK(pop.songs()[8].name == "005/versions/005-v1");
  CHECK(pop.indices(Split::train).size() == 17);
  CHECK(pop.indices(Split::test).empty());
  REQUIRE(pop.skipped().size() == 1);
  CHECK(pop.skipped()[0] ==
        Skipped{dir / "pop/003/versions/003-v1.mid", "its first track with notes is not named \"melody\""});
  CHECK(Corpus::from_pop909(dir / "pop").songs() == pop.songs());

  // Opened as any folder: nothing is cleaned.
  const Corpus any = Corpus::from_folder(dir / "pop");
  CHECK(any.songs().size() == 20);
  CHECK(any.skipped().empty());

  const Corpus single = Corpus::open(dir / "pop/001/001.mid");
  REQUIRE(single.songs().size() == 1);
  CHECK(single.songs()[0].name == "001");
  CHECK(single.songs()[0].split == Split::train);

  write_text(dir / "pop/maestro.csv", "split,midi_filename\ntest,001/001.mid\n");
  const Corpus maestro = Corpus::open(dir / "pop");
  CHECK(maestro.songs().size() == 1);
  CHECK(maestro.indices(Split::test).size() == 1);
  CHECK(maestro.skipped().size() == 19);
}

TEST_CASE("data: songs 010, 020, ... make a corpus of their own") {
  const TemporaryDirectory dir;
  write_song(dir / "010/010.mid", named(scale(5), "MELODY"));
  write_song(dir / "010/versions/010-v1.mid", named(scale(6), "MELODY"));
  const Corpus corpus = Corpus::open(dir.path());
  CHECK(corpus.songs().size() == 2);
  CHECK(corpus.indices(Split::train).size() == 2);
}

TEST_CASE("data: a corpus without songs is an error") {
  const TemporaryDirectory dir;
  const std::string name = dir.path().string();
  CHECK_THROWS_WITH(Corpus::open(dir.path()), name + ": no MIDI files");
  CHECK_THROWS_WITH(Corpus::open(dir / "nowhere"), name + "/nowhere: no such file or folder");
  write_text(dir / "a.mid", "text");
  write_text(dir / "b.mid", "");
  CHECK_THROWS_WITH(
      Corpus::open(dir.path()),
      Catch::StartsWith(name + ": none of its 2 MIDI files can be used; the first: " + name + "/a.mid: byte 0: "));
  CHECK_THROWS_WITH(Corpus::open(dir / "a.mid"), Catch::StartsWith(name + "/a.mid: byte 0: "));
  CHECK_THROWS_WITH(Corpus::from_pop909(dir.path()),
                    Catch::StartsWith(name + ": none of its 2 MIDI files can be used"));
  CHECK_THROWS_AS(Corpus::from_maestro(dir.path()), Error);
  CHECK_THROWS_AS(Corpus(std::vector<Song>{}), Error);
}

TEST_CASE("data: a corpus counts its music, the longest songs first") {
  std::vector<Song> songs{song_of("a", scale(3)), song_of("b", scale(9), Split::validation), song_of("c", scale(5)),
                          song_of("d", scale(5))};
  const Corpus corpus(songs);
  CHECK(corpus.songs() == songs);
  CHECK(corpus.size(Split::train).songs == 3);
  CHECK(corpus.size(Split::train).notes == 13);
  CHECK(corpus.size(Split::validation).length == std::chrono::milliseconds(900));
  CHECK(corpus.size().notes == 22);
  CHECK(corpus.size().tokens == 4 * 2 + 22 * 6);
  CHECK(corpus.size().seconds() == Approx(2.2));
  CHECK(corpus.size(Split::test) == CorpusSize{});
  CHECK(corpus.longest_first(Split::train).songs == std::vector<std::size_t>{2, 3, 0});
  CHECK(corpus.longest_first(Split::train).tokens_up_to == std::vector<std::uint64_t>{32, 64, 84});
  CHECK(corpus.profile().max_note_length == std::chrono::milliseconds(100));
  CHECK(corpus.profile().usual_length == std::chrono::milliseconds(500));
}

TEST_CASE("data: the usual velocity is the middle one of the songs' means") {
  std::vector<Song> songs;
  for (const std::string velocity : {"v10", "v119", "v63", "v79", "v95"})
    songs.push_back(song_of("^ +60 " + velocity + " i0 t9 -60 i0 $"));
  CHECK(Corpus(songs).profile().usual_velocity == 79);
}

TEST_CASE("data: a corpus knows whether the sustain pedal was applied") {
  const TemporaryDirectory dir;
  write_song(dir / "a.mid", scale(5));
  CHECK(Corpus::open(dir.path()).profile().sustain == false);
  CHECK(Corpus::open(dir.path(), {.sustain = true}).profile().sustain == true);
  write_text(dir / "maestro.csv", "split,midi_filename\ntrain,a.mid\n");
  CHECK(Corpus::open(dir.path()).profile().sustain == true);
  CHECK(Corpus({song_of("a", scale(5))}).profile().sustain == std::nullopt);
}

TEST_CASE("data: a track's program is the one that most songs have") {
  std::vector<Song> songs = random_songs(4, 1);
  const std::vector<int> programs[] = {{0, 40}, {0, 41, 7}, {5, 41}, {}};
  for (std::size_t i = 0; i < 4; ++i) songs[i].programs = programs[i];
  CHECK(Corpus(songs).programs() == std::vector<int>{0, 41, 7});
  songs[1].programs[1] = 39;  // a three-way tie: the lowest
  CHECK(Corpus(songs).programs() == std::vector<int>{0, 39, 7});
}

TEST_CASE("data: a corpus says in a line what it is") {
  const TemporaryDirectory dir;
  write_pop909(dir.path());
  CHECK(line(Corpus::open(dir.path())) ==
        "19 songs (17 train, 2 validation), 1,940 tokens, 317 notes, 0.0 h; skipped 1 file: " +
            (dir / "003/versions/003-v1.mid").string() +
            ": its first track with notes is not named \"melody\"; 0 notes merged, 0 dropped");
}

TEST_CASE("data: POP909 is read and split as it should be") {
  const auto dir = pop909_dir();
  if (!dir) return skip("POP909 is not here");
  const Corpus corpus = Corpus::open(*dir);
  CHECK(corpus.songs().size() > 50 * corpus.skipped().size());
  CHECK(corpus.indices(Split::test).empty());
  std::set<std::string> train, validation;
  for (const Song& song : corpus.songs()) {
    const std::string number = song.name.substr(0, 3);
    CHECK((song.split == Split::validation) == (number[2] == '5'));
    (song.split == Split::train ? train : validation).insert(number);
  }
  CHECK(validation.size() * 12 > train.size());
  for (const Skipped& skipped : corpus.skipped()) {
    INFO(skipped.file << ": " << skipped.reason);
    CHECK((skipped.reason == "its first track with notes is not named \"melody\"" || skipped.reason == "has no notes"));
  }
}
