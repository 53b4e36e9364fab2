#include "musicgen/import/zip_archive.hpp"

#include <catch.hpp>

#include "data_files.hpp"
#include "import/archives.hpp"

using namespace musicgen;
using namespace musicgen::test;
using musicgen::detail::ZipReader;

namespace {

/// An archive with one entry, compressed or encrypted.
Bytes unusual(zip_int32_t compression, zip_uint16_t encryption) {
  const test::TemporaryDirectory folder;
  const std::string file = folder / "z.zip", content(10000, 'a');
  int fault = 0;
  zip_t* archive = zip_open(file.c_str(), ZIP_CREATE, &fault);
  REQUIRE(archive != nullptr);
  zip_file_add(archive, "x/a", zip_source_buffer(archive, content.data(), content.size(), 0), 0);
  zip_set_file_compression(archive, 0, compression, 0);
  if (encryption != ZIP_EM_NONE) REQUIRE(zip_file_set_encryption(archive, 0, encryption, "secret") == 0);
  REQUIRE(zip_close(archive) == 0);
  return read_bytes(file);
}

std::string reading_fault(const Bytes& bytes, const std::string& entry = "x/a") {
  try {
    static_cast<void>(ZipReader(bytes, "z.zip").read(entry));
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("zip: what is written is read, and is the same every time") {
  const std::map<std::string, std::string> entries{
      {"x/a", "hello"}, {"x/empty", ""}, {"x/b/c", std::string(100000, '\xff')}};
  const Bytes bytes = zipped(entries);
  const ZipReader reader(bytes, "z.zip");
  CHECK(reader.names() == std::vector<std::string>{"x/a", "x/b/c", "x/empty"});
  for (const auto& [name, content] : entries) CHECK(reader.read(name) == bytes_of(content));
  CHECK_FALSE(reader.contains("x"));
  CHECK(reading_fault(bytes, "x/d") == "z.zip: has no entry \"x/d\"");
  CHECK(zipped(entries) == bytes);
}

TEST_CASE("zip: an archive cut anywhere is refused") {
  const Bytes whole = zipped({{"x/a", "hello"}, {"x/b", "you"}});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    INFO(size);
    CHECK_THROWS_AS(ZipReader(std::span(whole).first(size), "z.zip"), Error);
  }
}

TEST_CASE("zip: a damaged entry is noticed") {
  const Bytes bytes = replaced(zipped({{"x/a", "hello"}}), "hello", "hallo");
  CHECK_THAT(reading_fault(bytes), Catch::StartsWith("z.zip: entry \"x/a\": ") && Catch::Contains("CRC"));
}

TEST_CASE("zip: two entries of one name are refused") {
  const Bytes bytes = replaced(zipped({{"x/a", "hello"}, {"x/b", "you"}}), "x/b", "x/a");
  CHECK(reading_fault(bytes) == "z.zip: is a zip archive with two entries of one name");
}

TEST_CASE("zip: compressed and encrypted entries are seen, but not read") {
  CHECK(reading_fault(unusual(ZIP_CM_DEFLATE, ZIP_EM_NONE)) ==
        "z.zip: entry \"x/a\": it is compressed, which torch.save never does");
  CHECK(reading_fault(unusual(ZIP_CM_STORE, ZIP_EM_AES_128)) == "z.zip: entry \"x/a\": it is encrypted");
}

TEST_CASE("zip: sizes that are not those of the bytes are refused") {
  const Bytes whole = zipped({{"x/a", std::string(1000, 'a')}});
  const auto number = [](std::uint32_t n) { return raw(std::vector<std::uint32_t>{n}); };
  CHECK(reading_fault(replaced(whole, number(1000), number(1 << 30))) != "");
  CHECK(reading_fault(replaced(whole, number(1000), number(0xFFFFFFFF))) != "");
  CHECK(reading_fault(replaced(whole, number(1000), number(10))) != "");
  // One of the two sizes in the central directory, which comes last, as in a zip bomb.
  Bytes bomb = whole;
  const Bytes size = bytes_of(number(1000)), huge = bytes_of(number(1 << 30));
  const auto last = std::find_end(bomb.begin(), bomb.end(), size.begin(), size.end());
  std::copy(huge.begin(), huge.end(), last);
  CHECK(reading_fault(bomb) != "");
}

TEST_CASE("zip: an entry within another is refused, since a bomb is many of them") {
  const auto position = [](const Bytes& in, std::string_view what) {
    return static_cast<std::ptrdiff_t>(std::string(in.begin(), in.end()).find(what));
  };
  const Bytes inner = zipped({{"x/b", std::string(1000, 'a')}});
  const auto directory = inner.begin() + position(inner, "PK\1\2"), end = inner.begin() + position(inner, "PK\5\6");
  const std::string quoted(inner.begin(), directory);
  Bytes bytes = zipped({{"x/a", quoted}}), record(directory, end);
  record[42] = static_cast<unsigned char>(position(bytes, quoted));  // where it begins
  auto last = bytes.begin() + position(bytes, "PK\5\6");
  last[8] = last[10] = 2;                                                // entries
  last[12] = static_cast<unsigned char>(last[12] + std::ssize(record));  // size of the directory
  bytes.insert(last, record.begin(), record.end());
  CHECK(reading_fault(bytes) == "z.zip: entry \"x/b\": the archive has fewer bytes than its entries together");
}

TEST_CASE("zip: every single bit of an archive can be wrong") {
  const Bytes whole = zipped({{"x/a", "hello"}, {"x/b", "you"}});
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes bytes = whole;
    bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] ^ 1 << bit % 8);
    try {
      const ZipReader reader(bytes, "z.zip");
      for (const std::string& name : reader.names()) {
        const Bytes content = reader.read(name);
        CHECK(content.size() <= bytes.size());
      }
    } catch (const Error&) {
    }
  }
}
