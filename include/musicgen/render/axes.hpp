// Internal: what plots have in common: colors, ticks, a legend.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include "../core/config.hpp"
#include "canvas.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

inline constexpr Color plot_background{255, 255, 255}, plot_ink{38, 43, 51}, plot_faint_ink{110, 118, 129},
    plot_axis{190, 196, 204};

[[nodiscard]] inline Color set_color(std::size_t set) {
  constexpr Color colors[] = {{31, 97, 184},  {214, 69, 65},  {150, 156, 164}, {30, 132, 73},
                              {202, 111, 30}, {125, 60, 152}, {17, 140, 140},  {120, 66, 40}};
  return colors[set % std::size(colors)];
}

/// The smallest 1, 2 or 5 times a power of ten that divides `range` into at most `most` parts.
[[nodiscard]] inline double tick_step(double range, int most) {
  const double least = range / most, power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

/// A multiple of `step`, with as many digits as it needs.
[[nodiscard]] inline std::string tick_label(double value, double step) {
  std::array<char, 64> text{};
  const int digits = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 9);
  std::snprintf(text.data(), text.size(), "%.*f", digits, std::abs(value) < step / 2 ? 0.0 : value);
  return text.data();
}

/// Says what the colors mean, in lines that end at `right`.
/// @param first_is_area  the first set is drawn as an area
inline void draw_set_names(Canvas& canvas, const std::vector<std::string>& names, double right, double y,
                           bool first_is_area) {
  constexpr double swatch = 22, gap = 7, between = 22, size = 10, line = 18;
  const auto width = [&](std::size_t set) { return swatch + gap + Canvas::text_width(size, names[set]) + between; };
  for (std::size_t set = 0; set < names.size(); y += line) {
    double x = right + between;
    const std::size_t first = set;
    while (set < names.size() && (set == first || x - width(set) > 20)) x -= width(set++);
    for (std::size_t of_line = first; of_line < set; x += width(of_line++)) {
      if (of_line == 0 && first_is_area)
        canvas.rectangle(x, y - 10, x + swatch, y, mix(set_color(0), plot_background, 0.22));
      canvas.rectangle(x, y - 6, x + swatch, y - 4, set_color(of_line));
      canvas.text(x + swatch + gap, y, size, names[of_line], plot_ink);
    }
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
