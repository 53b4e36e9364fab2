#include <limits>
#include <musicgen/backend/cpu/number_formats.hpp>

#include "instruction_sets.hpp"
#include "numeric.hpp"

using namespace musicgen;
using namespace musicgen::cpu;

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
