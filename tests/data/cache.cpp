#include "musicgen/data/cache.hpp"

#include <catch.hpp>
#include <chrono>
#include <musicgen/core/files.hpp>
#include <string>
#include <vector>

#include "corpora.hpp"
#include "data_files.hpp"

using namespace musicgen;
using namespace musicgen::test;
namespace fs = std::filesystem;

namespace {

/// A folder of songs and one bad file, and how to read it.
struct Folder {
  Folder() {
    for (int i = 0; i < 6; ++i) write_song(dir / "songs" / (std::to_string(i) + ".mid"), scale(3 + i));
    write_text(dir / "songs/bad.mid", "bad");
  }

  Listing listing() const { return list_files(dir / "songs"); }
  std::uint64_t key(const CorpusOptions& options = {}) const { return cache_key(listing(), options); }
  std::optional<ReadResult> load(const CorpusOptions& options = {}) const {
    return load_cache(cache, key(options), listing(), options.vocabulary);
  }
  ReadResult store(const CorpusOptions& options = {}) const {
    ReadResult reading = read_files(listing(), options);
    store_cache(cache, key(options), listing(), reading);
    return reading;
  }

  TemporaryDirectory dir;
  fs::path cache = dir / "cache";
};

bool same(const ReadResult& a, const ReadResult& b) {
  return a.songs == b.songs && a.skipped == b.skipped && a.report == b.report;
}

}  // namespace

TEST_CASE("data: a cache gives back what was read") {
  const Folder folder;
  CHECK_FALSE(folder.load());
  const ReadResult reading = folder.store();
  CHECK(reading.skipped.size() == 1);
  REQUIRE(folder.load());
  CHECK(same(*folder.load(), reading));
}

TEST_CASE("data: a cache of many odd songs gives them back") {
  const Folder folder;
  for (std::uint64_t i = 0; i < 30; ++i)
    write_song(folder.dir / "songs" / (std::to_string(i) + "x.mid"), random_score(i));
  const Vocabulary holes = vocabulary_with_holes();
  for (const auto& vocabulary : {Vocabulary::standard(), holes}) {
    const ReadResult reading = folder.store({.vocabulary = vocabulary});
    REQUIRE(folder.load({.vocabulary = vocabulary}));
    CHECK(same(*folder.load({.vocabulary = vocabulary}), reading));
  }
}

TEST_CASE("data: a cache moves with its songs") {
  Folder folder;
  const ReadResult reading = folder.store();
  fs::rename(folder.dir / "songs", folder.dir / "elsewhere");
  const Listing moved = list_files(folder.dir / "elsewhere");
  const auto loaded = load_cache(folder.cache, cache_key(moved, {}), moved, Vocabulary::standard());
  REQUIRE(loaded);
  CHECK(loaded->songs == reading.songs);
  CHECK(loaded->skipped.at(0).file == folder.dir / "elsewhere/bad.mid");
}

TEST_CASE("data: a cache is stale when anything that it was made from has changed") {
  const Folder folder;
  folder.store();
  const auto song = folder.dir / "songs/3.mid";
  SECTION("a file's size") {
    write_song(song, scale(30));
  }
  SECTION("a file's time") {
    fs::last_write_time(song, fs::last_write_time(song) + std::chrono::milliseconds(5));
  }
  SECTION("a file is gone") {
    fs::remove(song);
  }
  SECTION("a file is new") {
    write_song(folder.dir / "songs/new.mid", scale(4));
  }
  SECTION("a file has another name") {
    fs::rename(song, folder.dir / "songs/33.mid");
  }
  CHECK_FALSE(folder.load());
}

TEST_CASE("data: a cache is stale under other options") {
  const Folder folder;
  folder.store();
  CHECK(folder.load());
  CHECK_FALSE(folder.load({.sustain = true}));
  CHECK_FALSE(folder.load({.vocabulary = vocabulary_with_holes()}));
  Listing listing = folder.listing();
  listing.layout = Layout::maestro;
  CHECK(cache_key(listing, {}) != folder.key());
  listing.layout = Layout::folder;
  listing.files[0].split = Split::test;
  CHECK(cache_key(listing, {}) != folder.key());
}

TEST_CASE("data: a damaged cache counts as none") {
  const Folder folder;
  const ReadResult reading = folder.store();
  const Listing listing = folder.listing();
  const auto key = folder.key();
  const std::string whole = content(folder.cache);
  const auto is_refused = [&](const std::string& bytes) {
    std::ofstream(folder.cache, std::ios::binary) << bytes;
    return !load_cache(folder.cache, key, listing, Vocabulary::standard());
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    INFO("byte " << i);
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1 << i % 8);
    REQUIRE(is_refused(damaged));
    REQUIRE(is_refused(whole.substr(0, i)));
  }
  CHECK(is_refused(whole + '\0'));
  CHECK_FALSE(is_refused(whole));
  CHECK(same(folder.load().value(), reading));
}

TEST_CASE("data: a cache that lies is not believed") {
  // The hash and the key are right, the content is not.
  const Folder folder;
  const Listing listing = folder.listing();
  const ReadResult honest = folder.store();
  ReadResult lie = honest;
  SECTION("a token that is none") {
    lie.songs[2].tokens[4] = 405;
  }
  SECTION("a note that is not whole") {
    lie.songs[2].tokens[2] = lie.songs[2].tokens[3];
  }
  SECTION("no end") {
    lie.songs[2].tokens.pop_back();
  }
  SECTION("no tokens") {
    lie.songs[2].tokens.clear();
  }
  store_cache(folder.cache, folder.key(), listing, lie);
  CHECK_FALSE(folder.load());
}

TEST_CASE("data: a corpus keeps its cache up to date") {
  const Folder folder;
  const CorpusOptions options{.cache = folder.cache};
  const auto songs = [&] { return Corpus::open(folder.dir / "songs", options).songs(); };
  const auto first = songs();
  const std::string cached = content(folder.cache);
  CHECK(songs() == first);
  CHECK(content(folder.cache) == cached);

  write_bytes(folder.cache, cached.substr(0, cached.size() / 2));
  CHECK(songs() == first);
  CHECK(content(folder.cache) == cached);

  write_song(folder.dir / "songs/3.mid", scale(40));
  CHECK(songs() == Corpus::open(folder.dir / "songs").songs());
  CHECK(songs() != first);
  CHECK(Corpus::open(folder.dir / "songs", options).skipped() == Corpus::open(folder.dir / "songs").skipped());
}

TEST_CASE("data: a cache that cannot be written is an error") {
  const Folder folder;
  CHECK_THROWS_WITH(Corpus::open(folder.dir / "songs", {.cache = folder.dir / "nowhere/cache"}),
                    Catch::StartsWith((folder.dir / "nowhere/cache").string() + ": cannot be written"));
  CHECK_THROWS_AS(Corpus::open(folder.dir / "songs", {.cache = folder.dir.path()}), Error);
}
