#include "musicgen/data/datasets.hpp"

#include <algorithm>
#include <catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "corpora.hpp"
#include "data_files.hpp"

using namespace musicgen;
using namespace musicgen::test;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> names(const Listing& listing) {
  std::vector<std::string> all;
  for (const MidiFile& file : listing.files) all.push_back(file.name);
  return all;
}

Split split_of(const Listing& listing, const std::string& name) {
  const auto file = std::find_if(listing.files.begin(), listing.files.end(), [&](auto& f) { return f.name == name; });
  REQUIRE(file != listing.files.end());
  return file->split;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("data: a folder's MIDI files are found by their extension, sorted") {
  const TemporaryDirectory dir;
  for (const char* file : {"b.mid", "a.MIDI", "c/d/e.Kar", "c/a b.mid", "Ü.mid", "notes.txt", "mid", "c.mid.zip",
                           ".hidden.mid", "._a.mid", ".git/x.mid", "c/.x/y.mid"})
    write_text(dir / file, "");
  const Listing listing = list_folder(dir.path());
  CHECK(names(listing) == Names{"a", "b", "c/a b", "c/d/e", "Ü"});
  CHECK(listing.files[3].path == dir / "c/d/e.Kar");
  CHECK(listing.layout == Layout::folder);
  CHECK(listing.skipped.empty());
  CHECK(names(list_folder(dir.path() / "")) == names(listing));
  CHECK(names(list_folder(dir / "c/../c")) == Names{"a b", "d/e"});
  CHECK(names(list_folder(dir / "c/d/e.Kar")) == Names{"e"});
}

TEST_CASE("data: links are followed, but not for ever") {
  const TemporaryDirectory dir, elsewhere;
  write_text(dir / "a/song.mid", "");
  write_text(elsewhere / "other.mid", "");
  fs::create_directory_symlink("..", dir / "a/up");
  fs::create_directory_symlink(elsewhere.path(), dir / "b");
  fs::create_symlink("song.mid", dir / "a/link.mid");
  fs::create_symlink("nowhere.mid", dir / "a/broken.mid");
  CHECK(names(list_folder(dir.path())) == Names{"a/broken", "a/link", "a/song", "b/other"});
}

TEST_CASE("data: a path that leads nowhere is an error") {
  const TemporaryDirectory dir;
  for (const auto list : {list_files, list_folder, list_pop909, list_maestro})
    CHECK_THROWS_WITH(list(dir / "nowhere"), (dir / "nowhere").string() + ": no such file or folder");
  CHECK(list_files(dir.path()).files.empty());
}

TEST_CASE("data: POP909 is known by its folders") {
  const TemporaryDirectory dir;
  for (const char* file : {"001/001.mid", "001/versions/001-v1.mid", "005/005.mid", "005/versions/005-v2.mid",
                           "010/010.mid", "readme/notes.mid", "loose.mid"})
    write_text(dir / "POP909" / file, "");
  for (const bool deeper : {false, true}) {
    const Listing listing = list_files(deeper ? dir.path() : dir / "POP909");
    const std::string front = deeper ? "POP909/" : "";
    CHECK(listing.layout == Layout::pop909);
    CHECK(names(listing) == Names{front + "001/001", front + "001/versions/001-v1", front + "005/005",
                                  front + "005/versions/005-v2", front + "010/010"});
    CHECK(listing.skipped.size() == 2);
    CHECK(split_of(listing, front + "001/001") == Split::train);
    CHECK(split_of(listing, front + "010/010") == Split::train);
    CHECK(split_of(listing, front + "005/005") == Split::validation);
    CHECK(split_of(listing, front + "005/versions/005-v2") == Split::validation);
  }
  CHECK(list_files(dir / "POP909/001").layout == Layout::folder);
  CHECK(list_folder(dir / "POP909").layout == Layout::folder);
  CHECK(list_folder(dir / "POP909").files.size() == 7);
}

TEST_CASE("data: what only resembles POP909 is any folder") {
  const TemporaryDirectory dir;
  for (const char* file : {"001/002.mid", "1/1.mid", "0001/0001.mid", "abc/abc.mid", "a/b/001/001.mid", "x001/001.mid"})
    write_text(dir / file, "");
  CHECK(list_files(dir.path()).layout == Layout::folder);
  CHECK(list_files(dir.path()).files.size() == 6);
}

TEST_CASE("data: POP909 is cleaned by the name of the first track that has notes") {
  for (const std::string name : {"MELODY", "melody", " Melody\t", "MELDOY", "Melopy"})
    CHECK_NOTHROW(require_melody(named(scale(3), name)));
  for (const char* name : {"", "PIANO", "melody 2", "the melody", "BRIDGE"})
    CHECK_THROWS_AS(require_melody(named(scale(3), name)), Error);

  CHECK_NOTHROW(require_melody(named(scale(3), std::string("melody\0", 7))));

  Score score = named(scale(3), "melody");
  score.tracks.insert(score.tracks.begin(), Track{});  // a conductor track has no notes
  CHECK_NOTHROW(require_melody(score));
  score.tracks[0] = score.tracks[1];
  score.tracks[0].name = "drums";
  score.tracks[0].channel = 9;
  CHECK_THROWS_AS(require_melody(score), Error);
  CHECK_THROWS_WITH(require_melody(Score()), "has no notes");
}

namespace {

constexpr const char* maestro_header =
    "canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration\n";

}  // namespace

TEST_CASE("data: MAESTRO is what its table says") {
  const TemporaryDirectory dir;
  for (const char* file : {"2004/a.midi", "2004/b.midi", "2006/c, d.midi", "2006/extra.midi", "2006/bad.midi"})
    write_text(dir / "maestro" / file, "");
  write_text(dir / "maestro/maestro-v2.0.0.csv", maestro_header);
  write_text(dir / "maestro/maestro-v3.0.0.csv",
             std::string(maestro_header) +
                 "Bach,Fugue,train,2004,2004/b.midi,2004/b.wav,12.5\n"
                 "\"Schubert, Liszt\",\"\"\"Der M\xC3\xBCller\"\", x\",test,2004,2004/a.midi,x,1\n"
                 "X,Y,validation,2006,\"2006/c, d.midi\",x,1\r\n"
                 "X,Y,train,2006,2006/gone.midi,x,1\n"
                 "X,Y,train,2004,2004/b.midi,x,1\n"
                 "X,Y,both,2006,2006/bad.midi,x,1\n"
                 "X,Y,train\n"
                 "X,Y,train,2006,../../etc/passwd,x,1\n"
                 "X,Y,train,2006," +
                 std::string(300, 'x') + ".midi,x,1\n");
  for (const bool deeper : {false, true}) {
    const Listing listing = list_files(deeper ? dir.path() : dir / "maestro");
    const std::string front = deeper ? "maestro/" : "";
    CHECK(listing.layout == Layout::maestro);
    REQUIRE(names(listing) == Names{front + "2004/a", front + "2004/b", front + "2006/c, d"});
    CHECK(listing.files[0].split == Split::test);
    CHECK(listing.files[1].split == Split::train);
    CHECK(listing.files[2].split == Split::validation);
    REQUIRE(listing.skipped.size() == 8);
    CHECK(listing.skipped[0] ==
          Skipped{dir / "maestro/2006/gone.midi", "maestro-v3.0.0.csv, line 5: there is no such file"});
    CHECK(listing.skipped[1].reason == "maestro-v3.0.0.csv, line 6: is not a MIDI file, or is in the table twice");
    CHECK(listing.skipped[2].reason == "maestro-v3.0.0.csv, line 7: \"both\" is neither train nor validation nor test");
    CHECK(listing.skipped[3].reason == "maestro-v3.0.0.csv, line 8: has 3 fields");
    CHECK(listing.skipped[5].reason == "maestro-v3.0.0.csv, line 10: there is no such file");
    CHECK(listing.skipped[6] == Skipped{dir / "maestro/2006/bad.midi", "is not in maestro-v3.0.0.csv"});
    CHECK(listing.skipped[7] == Skipped{dir / "maestro/2006/extra.midi", "is not in maestro-v3.0.0.csv"});
  }
}

TEST_CASE("data: MAESTRO's columns are found by name") {
  const TemporaryDirectory dir;
  write_text(dir / "x.midi", "");
  write_text(dir / "maestro.csv", "midi_filename,other,split\nx.midi,?,test\n");
  const Listing listing = list_maestro(dir.path());
  REQUIRE(listing.files.size() == 1);
  CHECK(listing.files[0].split == Split::test);

  write_text(dir / "maestro.csv", "midi_filename,other\nx.midi,?\n");
  CHECK_THROWS_WITH(list_maestro(dir.path()), (dir / "maestro.csv").string() + ": has no column \"split\"");
  write_text(dir / "maestro.csv", "\n");
  CHECK_THROWS_WITH(list_maestro(dir.path()), (dir / "maestro.csv").string() + ": is empty");
  fs::remove(dir / "maestro.csv");
  CHECK_THROWS_WITH(list_maestro(dir.path()), dir.path().string() + ": has no maestro*.csv");
}
