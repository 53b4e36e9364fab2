#include <catch.hpp>
#include <musicgen/core/random.hpp>
#include <set>
#include <vector>

using namespace musicgen;

TEST_CASE("random: Philox 4x32-10 gives the published answers") {
  // Known-answer tests of the Random123 distribution (kat_vectors, philox4x32 10).
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == std::array<std::uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
        std::array<std::uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        std::array<std::uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("random: equal seeds and streams are equal, others differ") {
  Random a(1, 2), b(1, 2), c(1, 3), d(2, 2);
  const auto first = a.bits();
  CHECK(first == b.bits());
  CHECK(first != c.bits());
  CHECK(first != d.bits());
}

TEST_CASE("random: uniform numbers are from 0 to below 1 and evenly spread") {
  Random random(7);
  std::vector<int> bins(10);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double x = random.uniform();
    REQUIRE((x >= 0 && x < 1));
    ++bins[static_cast<std::size_t>(x * 10)];
    sum += x;
  }
  CHECK(sum / 100'000 == Approx(0.5).margin(0.005));
  for (const int count : bins) CHECK(count == Approx(10'000).margin(400));
}

TEST_CASE("random: integers cover their range and no more") {
  Random random(8);
  std::set<int> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.between(-3, 3));
  CHECK(seen == std::set<int>{-3, -2, -1, 0, 1, 2, 3});
  for (int i = 0; i < 100; ++i) CHECK(random.below(1) == 0);
}

TEST_CASE("random: normal numbers have mean 0 and variance 1") {
  Random random(9);
  double sum = 0, squares = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  CHECK(sum / 100'000 == Approx(0).margin(0.02));
  CHECK(squares / 100'000 == Approx(1).margin(0.02));
}
