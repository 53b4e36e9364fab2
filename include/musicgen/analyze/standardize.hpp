// Numbers of unlike kinds made comparable. Internal: for definitions alone.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Puts each kind of number into units of its deviation (and a twentieth, lest noise be blown up) from its mean; what
/// differs from the mean by rounding errors alone is 0.
/// @param rows    a row a beat, or a bar
/// @param counts  whether the row of an index goes into mean and deviation
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
