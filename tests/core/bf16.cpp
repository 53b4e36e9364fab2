#include <catch.hpp>
#include <cmath>
#include <limits>
#include <musicgen/core/bf16.hpp>

using namespace musicgen;

TEST_CASE("bf16: a number is rounded to the nearest, ties to even") {
  for (const float kept : {0.0f, -0.0f, 1.0f, -2.5f, 0.15625f, 0x1p100f, INFINITY, -INFINITY})
    CHECK(from_bf16(to_bf16(kept)) == kept);
  CHECK(std::isnan(from_bf16(to_bf16(std::numeric_limits<float>::quiet_NaN()))));
  const float step = 0x1p-7f;  // between neighbours in [1, 2)
  CHECK(from_bf16(to_bf16(1 + 0.4f * step)) == 1);
  CHECK(from_bf16(to_bf16(1 + 0.6f * step)) == 1 + step);
  CHECK(from_bf16(to_bf16(1 + 0.5f * step)) == 1);
  CHECK(from_bf16(to_bf16(1 + 1.5f * step)) == 1 + 2 * step);
  CHECK(from_bf16(to_bf16(-1 - 1.5f * step)) == -1 - 2 * step);
}
