// Internal: several views of a beat, each by pitch class, and how well they match a template that is rotated to a root.
#pragma once

#include <array>
#include <cstddef>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

template <std::size_t Views>
using PitchClassViews = std::array<std::array<double, 12>, Views>;

/// w . x
/// @param weights  by view and degree above the root, in semitones
/// @param x        by view and pitch class
template <std::size_t Views>
double root_match(const PitchClassViews<Views>& weights, const PitchClassViews<Views>& x, std::size_t root) {
  double sum = 0;
  for (std::size_t view = 0; view < Views; ++view)
    for (std::size_t degree = 0; degree < 12; ++degree) sum += weights[view][degree] * x[view][(root + degree) % 12];
  return sum;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
