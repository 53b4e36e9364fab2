// Learning curves: lines over a logarithmic axis.
//
// Pure functions: any number of threads may call them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "../core/config.hpp"
#include "canvas.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct Curve {
  struct Point {
    double x, y;
  };
  std::string name;
  std::vector<Point> points;  ///< x over 0 and rising; finite
};

struct CurvePlotOptions {
  int width = 1200, height = 560;  ///< pixels, 320 by 200 at least
  std::string title = {};
  std::string x_unit = {};  ///< beside the last number of the axis
};

/// The curves over one pair of axes, with a legend of their names.
/// @throws Error  for a size that is too small, or over 20,000 pixels; for a point that cannot be drawn
[[nodiscard]] Canvas draw_curves(std::span<const Curve> curves, const CurvePlotOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

// Compiled where it is included, also where musicgen::compiled is linked, which would else need libpng.
#include "curves.ipp"
