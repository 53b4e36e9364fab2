#include <catch.hpp>
#include <musicgen/core/files.hpp>

#include "data_files.hpp"

using namespace musicgen;
namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& file) {
  const auto bytes = read_bytes(file);
  return {bytes.begin(), bytes.end()};
}
std::size_t entries_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("files: what is written is read back, and nothing else is left") {
  const test::TemporaryDirectory folder;
  const std::string content("a\0b\n", 4);
  write_bytes(folder / "file", content);
  CHECK(text_of(folder / "file") == content);
  write_bytes(folder / "file", "");
  CHECK(text_of(folder / "file").empty());
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("files: until it is committed the old content stays") {
  const test::TemporaryDirectory folder;
  write_bytes(folder / "file", "old");
  {
    AtomicFile out(folder / "file");
    out.write("half of the n");
    CHECK(text_of(folder / "file") == "old");
  }
  CHECK(text_of(folder / "file") == "old");
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("files: a link stays a link, what it points to is replaced") {
  const test::TemporaryDirectory folder;
  write_bytes(folder / "real", "old");
  fs::create_symlink("real", folder / "link");
  write_bytes(folder / "link", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(text_of(folder / "real") == "new");
}

TEST_CASE("files: a link to what is not there yet stays a link") {
  const test::TemporaryDirectory folder;
  fs::create_directory(folder / "elsewhere");
  fs::create_symlink("elsewhere/real", folder / "link");
  fs::create_symlink("link", folder / "link to link");
  write_bytes(folder / "link to link", "new");
  CHECK(fs::is_symlink(folder / "link"));
  CHECK(fs::is_symlink(folder / "link to link"));
  CHECK(text_of(folder / "elsewhere" / "real") == "new");
}

TEST_CASE("files: two writers of one file do not mix") {
  const test::TemporaryDirectory folder;
  AtomicFile first(folder / "file"), second(folder / "file");
  first.write("first");
  second.write("second");
  first.commit();
  CHECK(text_of(folder / "file") == "first");
  second.commit();
  CHECK(text_of(folder / "file") == "second");
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("files: faults name the file") {
  const test::TemporaryDirectory folder;
  const std::string missing = folder / "no" / "such", directory = folder.path();
  CHECK_THROWS_WITH(read_bytes(missing), missing + ": cannot be opened: No such file or directory");
  CHECK_THROWS_WITH(read_bytes(directory), directory + ": is a directory");
  CHECK_THROWS_WITH(write_bytes(missing, "x"), missing + ": cannot be written: No such file or directory");
  CHECK_THROWS_WITH(write_bytes(directory, "x"), directory + ": is a directory");
}

TEST_CASE("files: a full disk is an error") {
  if (!fs::exists("/dev/full")) return test::skip("no /dev/full");
  CHECK_THROWS_WITH(write_bytes("/dev/full", "x"), "/dev/full: cannot be written: No space left on device");
}
