// Internal: makes numbers of different kinds comparable.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Replaces each number by its distance from the mean of its kind, divided by the standard deviation (plus a twentieth,
/// so that noise is not amplified). Distances of the size of rounding errors become 0.
/// @param rows    one row for each beat or bar
/// @param counts  whether the row with this index counts for mean and deviation
template <std::size_t Kinds, class Counts>
void standardize(std::vector<std::array<double, Kinds>>& rows, const Counts& counts) {
  constexpr double rounding = 1e-9;
  for (std::size_t k = 0; k < Kinds; ++k) {
    double sum = 0, squares = 0, n = 0;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (counts(i)) sum += rows[i][k], squares += rows[i][k] * rows[i][k], n += 1;
    const double mean = sum / std::max(n, 1.0);
    const double deviation = std::sqrt(std::max(0.0, squares / std::max(n, 1.0) - mean * mean)) + 0.05;
    for (auto& row : rows) {
      row[k] = (row[k] - mean) / deviation;
      if (std::abs(row[k]) < rounding) row[k] = 0;
    }
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
