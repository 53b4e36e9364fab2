// A picture in memory: rectangles, lines and text with smooth edges, and the way into a PNG file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "../core/config.hpp"
#include "stroke_font.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Of eight bits a part, sRGB.
struct Color {
  std::uint8_t red, green, blue;
  bool operator==(const Color&) const = default;
};

/// `share` of `a`, the rest of `b`.
[[nodiscard]] Color mix(Color a, Color b, double share);

/// Coordinates are in pixels from the top left corner; the pixel (0, 0) covers 0..1 by 0..1. What lies outside is not
/// drawn.
///
/// Thread safety: threads may share a const one; whatever draws needs it to itself.
class Canvas {
 public:
  Canvas(int width, int height, Color background);

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] Color at(int x, int y) const { return pixels_[index(x, y)]; }

  /// A rectangle from (left, top) to (right, bottom), its corners rounded.
  void rectangle(double left, double top, double right, double bottom, Color color, double radius = 0);

  /// A line of the given thickness with round ends.
  void line(double x0, double y0, double x1, double y1, double thickness, Color color);

  /// Text that begins at x on the base line y, its capitals `size` pixels high.
  void text(double x, double y, double size, std::string_view content, Color color, double thickness = 1.3);

  [[nodiscard]] static double text_width(double size, std::string_view content);

  /// @throws Error  if the file cannot be written
  void write_png(const std::filesystem::path& file) const;

 private:
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x);
  }
  /// Mixes `color` into the pixels around a rectangle, as far as `cover` says at their centers.
  template <typename Cover>
  void paint(double left, double top, double right, double bottom, Color color, Cover cover);
  /// Strokes that belong together, so that no pixel is painted twice where they meet.
  void strokes(const std::vector<detail::PenStroke>& all, double thickness, Color color);

  int width_, height_;
  std::vector<Color> pixels_;  // rows from the top
};

}  // namespace musicgen::inline MUSICGEN_ABI

// Compiled where it is included, also where musicgen::compiled is linked, which would else need libpng.
#include "canvas.ipp"
