#include <array>
#include <catch.hpp>
#include <cstddef>
#include <musicgen/analyze/standardize.hpp>
#include <vector>

TEST_CASE("standardize: rows that do not count are scaled, but say nothing of mean and deviation") {
  std::vector<std::array<double, 2>> rows{{1, 5}, {3, 5}, {1000, 5}, {1, 5}, {3, 5}};
  musicgen::detail::standardize(rows, [](std::size_t i) { return i != 2; });
  CHECK(rows[0][0] == Approx(-1 / 1.05));
  CHECK(rows[1][0] == Approx(1 / 1.05));
  CHECK(rows[2][0] == Approx(998 / 1.05));
  for (const auto& row : rows) CHECK(row[1] == 0);
}

TEST_CASE("standardize: rounding errors are nothing") {
  std::vector<std::array<double, 1>> rows(64, {0.1 + 0.2});
  rows[0][0] = 0.3;
  musicgen::detail::standardize(rows, [](std::size_t) { return true; });
  for (const auto& row : rows) CHECK(row[0] == 0);
}

TEST_CASE("standardize: rows of which none counts") {
  std::vector<std::array<double, 1>> rows{{2}};
  musicgen::detail::standardize(rows, [](std::size_t) { return false; });
  CHECK(rows[0][0] == Approx(2 / 0.05));
}
