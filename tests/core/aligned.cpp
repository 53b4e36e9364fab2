#include <algorithm>
#include <catch.hpp>
#include <cstdint>
#include <musicgen/core/aligned.hpp>

using namespace musicgen;

TEST_CASE("aligned: arrays begin at a cache line, large ones at a large page, and hold zeros") {
  CHECK(AlignedArray<float>().size() == 0);
  for (const std::size_t count : {1, 17, 1000, 1 << 21}) {
    AlignedArray<float> array(count);
    const auto at = reinterpret_cast<std::uintptr_t>(array.data());
    CHECK(array.size() == count);
    CHECK(at % (count < 1 << 20 ? 64 : 1 << 21) == 0);
    CHECK(std::all_of(array.data(), array.data() + count, [](float x) { return x == 0; }));
  }
}

TEST_CASE("aligned: vectors begin at a cache line too") {
  for (const std::size_t count : {1, 17, 100000})
    CHECK(reinterpret_cast<std::uintptr_t>(AlignedVector<float>(count).data()) % 64 == 0);
}

TEST_CASE("aligned: moving leaves nothing behind") {
  AlignedArray<int> a(3);
  a.data()[2] = 7;
  AlignedArray<int> b(std::move(a));
  CHECK(b.data()[2] == 7);
  a = std::move(b);
  CHECK(a.size() == 3);
  CHECK(a.data()[2] == 7);
}

TEST_CASE("aligned: more than there is, is an error") {
  CHECK_THROWS_AS(AlignedArray<double>(SIZE_MAX / sizeof(double)), std::bad_alloc);
  CHECK_THROWS_AS(AlignedArray<double>(SIZE_MAX / sizeof(double) + 2), std::bad_alloc);
}
