#include <musicgen/backend/cpu/bf16_pairs.hpp>

#include <limits>
#include <vector>

#include "instruction_sets.hpp"
#include "numeric.hpp"

using namespace musicgen::cpu;
using musicgen::to_bf16;
using musicgen::test::random_matrix;
using musicgen::test::under_every_isa;

namespace {
/// Numbers of all kinds, so many that every vector has some of each.
std::vector<float> numbers(std::size_t n, std::uint64_t seed) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> special{0.0f,     -0.0f,   1.0f,           1.00390625f,    1.01171875f,
                                   infinity, 3.4e38f, -3.4028235e38f, 1e-45f,         -infinity,
                                   1e-40f,   -1.0f,   -1.00390625f,   std::nanf("1"), -std::nanf("0x3fffff")};
  const auto random = random_matrix<float>(1, static_cast<Index>(n), seed);
  std::vector<float> all(random.data(), random.data() + n);
  for (std::size_t i = 0; i < n; i += 3) all[i] = special[(i / 3 + seed) % special.size()];
  return all;
}
}  // namespace

TEST_CASE("bf16 pairs: two rows, or one, are rounded as numbers by themselves are") {
  under_every_isa([] {
    for (const std::size_t n : {1, 2, 3, 7, 8, 15, 16, 31, 64, 131}) {
      const auto low = numbers(n, 1), high = numbers(n, 2);
      std::vector<std::uint32_t> words(n + 1, 7);
      detail::pair_rows(static_cast<Index>(n), low.data(), high.data(), words.data());
      for (std::size_t i = 0; i < n; ++i) CHECK(words[i] == (to_bf16(low[i]) | std::uint32_t{to_bf16(high[i])} << 16));
      CHECK(words[n] == 7);

      const std::size_t pairs = (n + 1) / 2;
      words.assign(pairs + 1, 7);
      detail::pair_along_row(static_cast<Index>(n), low.data(), words.data());
      for (std::size_t i = 0; i < pairs; ++i) {
        const float second = 2 * i + 1 < n ? low[2 * i + 1] : 0.0f;
        CHECK(words[i] == (to_bf16(low[2 * i]) | std::uint32_t{to_bf16(second)} << 16));
      }
      CHECK(words[pairs] == 7);
    }
  });
}
