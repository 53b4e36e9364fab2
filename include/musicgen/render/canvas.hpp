// A picture in memory: rectangles, lines and text with smooth edges; can be written as a PNG file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "../core/config.hpp"
#include "stroke_font.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Eight bits per component, sRGB.
struct Color {
  std::uint8_t red, green, blue;
  bool operator==(const Color&) const = default;
};

/// A mixture: `share` of `a`, the rest of `b`.
[[nodiscard]] Color mix(Color a, Color b, double share);

/// Coordinates are in pixels from the top left corner; the pixel (0, 0) covers 0..1 by 0..1. Anything outside is not
/// drawn.
///
/// Thread safety: threads may share a const canvas; only one at a time may draw.
class Canvas {
 public:
  Canvas(int width, int height, Color background);

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] Color at(int x, int y) const { return pixels_[index(x, y)]; }

  /// A rectangle from (left, top) to (right, bottom), with rounded corners.
  void rectangle(double left, double top, double right, double bottom, Color color, double radius = 0);

  /// A line of the given thickness with round ends.
  void line(double x0, double y0, double x1, double y1, double thickness, Color color);

  /// Text that begins at x on the base line y, with capitals `size` pixels high.
  void text(double x, double y, double size, std::string_view content, Color color, double thickness = 1.3);

  [[nodiscard]] static double text_width(double size, std::string_view content);

  /// @throws Error  if the file cannot be written
  void write_png(const std::filesystem::path& file) const;

 private:
  std::size_t index(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x);
  }
  /// Mixes `color` into the pixels in and around a rectangle, by the share that `cover` gives for their centers.
  template <typename Cover>
  void paint(double left, double top, double right, double bottom, Color color, Cover cover);
  /// Strokes that are painted together, so that no pixel is painted twice where they meet.
  void strokes(const std::vector<detail::PenStroke>& all, double thickness, Color color);

  int width_, height_;
  std::vector<Color> pixels_;  // by rows, from the top
};

}  // namespace musicgen::inline MUSICGEN_ABI

// Always compiled where it is included: otherwise musicgen::compiled would need libpng.
#include "canvas.ipp"
