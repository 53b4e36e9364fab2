#include <limits>
#include <musicgen/backend/cpu/number_formats.hpp>

#include "instruction_sets.hpp"
#include "numeric.hpp"

using namespace musicgen;
using namespace musicgen::cpu;

TEST_CASE("number formats: bf16 is the nearest of its numbers, ties to even") {
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

TEST_CASE("number formats: inputs become round(127 x)") {
  test::under_every_isa([] {
    for (const Index n : {1, 3, 8, 16, 37, 100}) {
      Matrix<float> x = test::random_matrix<float>(1, n, 4);
      x(0, 0) = -1;
      x(0, n - 1) = n > 1 ? 1.0f : -1.0f;
      std::vector<std::int8_t> bytes(static_cast<std::size_t>(n) + 1, 99);
      simd::run<QuantizeRow>(n, static_cast<const float*>(x.data()), bytes.data());
      for (Index i = 0; i < n; ++i)
        CHECK(bytes[static_cast<std::size_t>(i)] == static_cast<int>(std::nearbyint(x(0, i) * 127.0f)));
      CHECK(bytes.back() == 99);
    }
  });
}
