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
  std::vector<Point> points;  ///< finite, with positive and increasing x
};

struct CurvePlotOptions {
  int width = 1200, height = 560;  ///< pixels, at least 320 by 200
  std::string title = {};
  std::string x_unit = {};  ///< printed beside the last number of the axis
};

/// The curves over one pair of axes, with their names as a legend.
/// @throws Error  for a size that is too small or over 20,000 pixels, and for a point that cannot be drawn
[[nodiscard]] Canvas draw_curves(std::span<const Curve> curves, const CurvePlotOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

// Always compiled where it is included: otherwise musicgen::compiled would need libpng.
#include "curves.ipp"
