#include "musicgen/data/hash.hpp"

#include <catch.hpp>
#include <set>
#include <string>

using musicgen::detail::Hash;

TEST_CASE("data: a hash is the same everywhere and for ever") {
  CHECK(Hash().value() == 0xefd01f60ba992926u);
  CHECK(Hash().add("001/001").value() == 0x5d2df6408092193cu);
  CHECK(Hash().add("a longer text of several pieces").value() == 0xa30942e037115c35u);
  CHECK(Hash().add(std::uint32_t{7}).add(-1).value() == 0x373ca93e543f7296u);
}

TEST_CASE("data: a flipped bit changes a hash") {
  std::string text = "The quick brown fox jumps over the lazy dog";
  std::set<std::uint64_t> values{Hash().add(text).value()};
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
    values.insert(Hash().add(text).value());
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
  }
  CHECK(values.size() == 8 * text.size() + 1);
}

TEST_CASE("data: hashes of like names are spread evenly") {
  int below = 0;
  for (int i = 0; i < 10000; ++i) below += Hash().add("song" + std::to_string(i)).value() < ~std::uint64_t{0} / 10;
  CHECK(below > 900);
  CHECK(below < 1100);
}
