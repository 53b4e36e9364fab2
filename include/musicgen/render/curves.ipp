// Definitions of curves.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "../core/error.hpp"
#include "../core/text.hpp"
#include "axes.hpp"
#include "curves.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// The ranges of the axes.
struct CurveArea {
  double left, top, right, bottom;
  double first = std::numeric_limits<double>::max(), last = 0;            // x
  double lowest = std::numeric_limits<double>::max(), highest = -lowest;  // y

  double x(double value) const { return left + (right - left) * std::log(value / first) / std::log(last / first); }
  double y(double value) const { return bottom - (bottom - top) * (value - lowest) / (highest - lowest); }
};

/// Includes all points, rounded to whole steps of `tick_step`.
inline CurveArea area_around(std::span<const Curve> curves, CurveArea area) {
  for (const Curve& curve : curves)
    for (const auto& [x, y] : curve.points) {
      area.first = std::min(area.first, x), area.last = std::max(area.last, x);
      area.lowest = std::min(area.lowest, y), area.highest = std::max(area.highest, y);
    }
  if (area.last < area.first) return {area.left, area.top, area.right, area.bottom, 1, 10, 0, 1};
  if (area.last < area.first * 1.01) area.first /= 2, area.last *= 2;
  if (area.highest - area.lowest < 1e-9) area.lowest -= 0.5, area.highest += 0.5;
  const double step = tick_step(area.highest - area.lowest, 6);
  area.lowest = std::floor(area.lowest / step) * step;
  area.highest = std::ceil(area.highest / step) * step;
  return area;
}

/// The numbers on a logarithmic axis: 1, 2 and 5 times powers of ten or, if these are fewer than two, both ends.
inline std::vector<double> ticks(double first, double last) {
  std::vector<double> all;
  for (int power = static_cast<int>(std::floor(std::log10(first))); std::pow(10, power) <= last; ++power)
    for (const double digit : {1.0, 2.0, 5.0})
      if (const double value = digit * std::pow(10, power); value >= first && value <= last) all.push_back(value);
  if (all.size() < 2) all = {first, last};
  return all;
}

inline void draw_axes(Canvas& canvas, const CurveArea& area, const std::string& unit) {
  const double step = tick_step(area.highest - area.lowest, 6);
  for (int i = 0; area.lowest + i * step <= area.highest + step / 2; ++i) {
    const double value = area.lowest + i * step, y = std::round(area.y(value));
    canvas.rectangle(area.left, y, area.right, y + 1, mix(plot_axis, plot_background, 0.5));
    const std::string label = tick_label(value, step);
    canvas.text(area.left - 12 - Canvas::text_width(10, label), y + 5, 10, label, plot_faint_ink);
  }
  std::string label;
  double x = 0;
  for (const double value : ticks(area.first, area.last)) {
    x = std::round(area.x(value));
    canvas.rectangle(x, area.top, x + 1, area.bottom + 5, mix(plot_axis, plot_background, 0.5));
    label = number_text(value, 3);
    canvas.text(x - Canvas::text_width(10, label) / 2, area.bottom + 21, 10, label, plot_faint_ink);
  }
  canvas.text(x + Canvas::text_width(10, label) / 2 + 8, area.bottom + 21, 10, unit, plot_faint_ink);
}

}  // namespace detail

inline Canvas draw_curves(std::span<const Curve> curves, const CurvePlotOptions& options) {
  if (options.width < 320 || options.height < 200 || options.width > 20000 || options.height > 20000)
    throw Error("curves: " + std::to_string(options.width) + " x " + std::to_string(options.height) +
                " pixels are not between 320 x 200 and 20000 x 20000");
  for (const Curve& curve : curves)
    for (const auto& [x, y] : curve.points)
      if (!(x > 0) || !std::isfinite(x) || !std::isfinite(y))
        throw Error("curves: \"" + curve.name + "\" has a point at " + detail::number_text(x, 3) + ", " +
                    detail::number_text(y, 3));
  const detail::CurveArea area = detail::area_around(curves, {70, 70, options.width - 110.0, options.height - 44.0});
  Canvas canvas(options.width, options.height, detail::plot_background);
  detail::draw_axes(canvas, area, options.x_unit);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const auto& points = curves[i].points;
    for (std::size_t k = 1; k < points.size(); ++k)
      canvas.line(area.x(points[k - 1].x), area.y(points[k - 1].y), area.x(points[k].x), area.y(points[k].y), 2.2,
                  detail::set_color(i));
    if (points.size() == 1)
      canvas.rectangle(area.x(points[0].x) - 2, area.y(points[0].y) - 2, area.x(points[0].x) + 3,
                       area.y(points[0].y) + 3, detail::set_color(i));
    names.push_back(curves[i].name);
  }
  canvas.text(28, 34, 15, options.title, detail::plot_ink, 2.1);
  detail::draw_set_names(canvas, names, options.width - 28.0, options.title.empty() ? 34 : 56, false);
  return canvas;
}

}  // namespace musicgen::inline MUSICGEN_ABI
