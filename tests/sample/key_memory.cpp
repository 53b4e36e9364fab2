#include <catch.hpp>
#include <cmath>
#include <musicgen/sample/key_memory.hpp>

using namespace musicgen;

TEST_CASE("key memory: before there is a key, and among a key's own notes, nothing is preferred") {
  KeyMemory memory;
  CHECK(memory.bias(1) == std::array<float, 12>{});
  for (int i = 0; i < 700; ++i) memory.follow(60 + std::array{0, 2, 4, 5, 7, 9, 11}[static_cast<std::size_t>(i % 7)]);
  const auto bias = memory.bias(1);
  for (const std::size_t c : {0u, 2u, 4u, 5u, 7u, 9u, 11u}) CHECK(bias[c] == 0);
  // Each note is worth 0.9965 of the next one.
  const double notes = (1 - std::pow(0.9965, 700)) / (1 - 0.9965);
  for (const std::size_t c : {1u, 3u, 6u, 8u, 10u}) CHECK(bias[c] == Approx(std::log(24 / (notes + 12))));
  const auto half = memory.bias(0.5f);
  for (std::size_t c = 0; c < 12; ++c) CHECK(half[c] == Approx(bias[c] / 2));
  CHECK(memory.bias(0) == std::array<float, 12>{});
}

TEST_CASE("key memory: a song may move to another key, and the one before is forgotten") {
  KeyMemory memory;
  for (int i = 0; i < 1000; ++i) memory.follow(60);
  CHECK(memory.bias(1)[6] < -2);
  for (int i = 0; i < 60; ++i) memory.follow(66);
  CHECK(memory.bias(1)[6] == 0);
  for (int i = 0; i < 2000; ++i) memory.follow(66);
  CHECK(memory.bias(1)[0] < -2);
}
