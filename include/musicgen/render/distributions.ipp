// Definitions of distributions.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "../core/error.hpp"
#include "../evaluate/distributions.hpp"
#include "axes.hpp"
#include "distributions.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

inline constexpr double panel_height = 210;

/// Where the curves of a panel are drawn, and their ranges of values and densities.
struct PlotArea {
  double left, top, right, bottom;
  Grid grid;
  double highest;  // density

  double x(double value) const { return left + (right - left) * (value - grid[0]) / (grid[grid.points - 1] - grid[0]); }
  /// The y of a curve in the middle of the column from `pixel` to `pixel` + 1.
  double y(const std::vector<double>& curve, double pixel) const {
    const double place = (pixel - left) / (right - left) * static_cast<double>(grid.points - 1);
    const auto i = static_cast<std::size_t>(std::clamp(place, 0.0, static_cast<double>(grid.points - 1)));
    return bottom - (bottom - top) * curve[i] / highest;
  }
};

inline void draw_area(Canvas& canvas, const PlotArea& area, const std::vector<double>& curve, Color color) {
  for (double x = area.left; x < area.right; ++x)
    canvas.rectangle(x, area.y(curve, x + 0.5), x + 1, area.bottom, color);
}

inline void draw_curve(Canvas& canvas, const PlotArea& area, const std::vector<double>& curve, Color color) {
  constexpr double thickness = 2;
  for (double x = area.left; x < area.right; ++x) {
    const double from = area.y(curve, x), to = area.y(curve, x + 1);
    if (std::min(area.bottom - from, area.bottom - to) < 0.25) continue;  // nothing to draw along the axis
    canvas.rectangle(x, std::min(from, to) - thickness / 2, x + 1, std::max(from, to) + thickness / 2, color);
  }
}

inline void draw_values(Canvas& canvas, const PlotArea& area) {
  const double from = area.grid[0], to = area.grid[area.grid.points - 1], step = tick_step(to - from, 5);
  canvas.rectangle(area.left, area.bottom, area.right, area.bottom + 1, plot_axis);
  for (double i = std::ceil(from / step); i * step <= to; ++i) {
    const double x = std::round(area.x(i * step));
    canvas.rectangle(x, area.bottom, x + 1, area.bottom + 5, plot_axis);
    const std::string label = tick_label(i * step, step);
    const double half = Canvas::text_width(9, label) / 2;
    if (x - half > area.left - 14 && x + half < area.right + 14)
      canvas.text(x - half, area.bottom + 19, 9, label, plot_faint_ink, 1.2);
  }
}

inline void draw_panel(Canvas& canvas, const DistributionPanel& panel, double left, double top, double width) {
  const Densities d = densities(panel.sets);
  PlotArea area{left, top + 46, left + width, top + panel_height - 36, d.grid, 0};
  for (const auto& curve : d.curves)
    area.highest = std::max(area.highest, *std::max_element(curve.begin(), curve.end()));
  canvas.text(left, top + 12, 10.5, panel.title, plot_ink, 1.5);
  canvas.text(left, top + 31, 9, panel.note, plot_faint_ink, 1.2);
  if (area.highest > 0) {
    draw_area(canvas, area, d.curves[0], mix(set_color(0), plot_background, 0.22));
    for (std::size_t set = d.curves.size(); set-- > 0;) draw_curve(canvas, area, d.curves[set], set_color(set));
  }
  draw_values(canvas, area);
}

}  // namespace detail

inline Canvas draw_distributions(std::span<const DistributionPanel> panels, const DistributionPlotOptions& options) {
  constexpr double margin = 28, between = 36, header = 66;
  const int columns = std::max(1, options.columns), rows = (static_cast<int>(panels.size()) + columns - 1) / columns;
  const double height = header + rows * detail::panel_height + 12;
  if (options.width < 320 || options.width > 20000 || options.columns < 1 || height > 20000)
    throw Error("distributions: " + std::to_string(panels.size()) + " panels in " + std::to_string(options.columns) +
                " columns of " + std::to_string(options.width) + " pixels together cannot be drawn");
  Canvas canvas(options.width, static_cast<int>(height), detail::plot_background);
  canvas.text(margin, 36, 15, options.title, detail::plot_ink, 2.1);
  detail::draw_set_names(canvas, options.names, options.width - margin, 36, true);
  const double width = std::floor((options.width - 2 * margin - (columns - 1) * between) / columns);
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const int column = static_cast<int>(i) % columns, row = static_cast<int>(i) / columns;
    detail::draw_panel(canvas, panels[i], margin + column * (width + between), header + row * detail::panel_height,
                       std::max(width, 20.0));
  }
  return canvas;
}

inline void write_distributions(const std::filesystem::path& file, std::span<const DistributionPanel> panels,
                                const DistributionPlotOptions& options) {
  draw_distributions(panels, options).write_png(file);
}

}  // namespace musicgen::inline MUSICGEN_ABI
