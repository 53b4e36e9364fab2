// Definitions of canvas.hpp.
#pragma once

#include <png.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "../core/error.hpp"
#include "../core/files.hpp"
#include "canvas.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// The share of the pixel with center `center` that lies in [from, to].
inline double overlap(double center, double from, double to) {
  return std::max(0.0, std::min(center + 0.5, to) - std::max(center - 0.5, from));
}

/// The distance from p to the line from a to b.
inline double distance(PenPoint p, PenPoint a, PenPoint b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const double along = length > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0) : 0;
  return std::hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

}  // namespace detail

inline Color mix(Color a, Color b, double share) {
  const auto blend = [&](int x, int y) { return static_cast<std::uint8_t>(std::lround(y + (x - y) * share)); };
  return {blend(a.red, b.red), blend(a.green, b.green), blend(a.blue, b.blue)};
}

inline Canvas::Canvas(int width, int height, Color background)
    : width_(width),
      height_(height),
      pixels_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), background) {}

template <typename Cover>
void Canvas::paint(double left, double top, double right, double bottom, Color color, Cover cover) {
  const auto pixel = [](double value, int end) { return static_cast<int>(std::clamp<double>(value, 0, end)); };
  const int x_end = pixel(std::ceil(right + 1), width_), y_end = pixel(std::ceil(bottom + 1), height_);
  for (int y = pixel(top - 1, height_); y < y_end; ++y)
    for (int x = pixel(left - 1, width_); x < x_end; ++x)
      if (const double share = cover(x + 0.5, y + 0.5); share > 0)
        pixels_[index(x, y)] = mix(color, pixels_[index(x, y)], std::min(share, 1.0));
}

inline void Canvas::strokes(const std::vector<detail::PenStroke>& all, double thickness, Color color) {
  if (all.empty()) return;
  double left = all[0][0].x, right = left, top = all[0][0].y, bottom = top;
  for (const detail::PenStroke& stroke : all)
    for (const detail::PenPoint& p : stroke) {
      left = std::min(left, p.x), right = std::max(right, p.x);
      top = std::min(top, p.y), bottom = std::max(bottom, p.y);
    }
  paint(left - thickness, top - thickness, right + thickness, bottom + thickness, color, [&](double x, double y) {
    double nearest = thickness;
    for (const detail::PenStroke& stroke : all)
      for (std::size_t i = 0; i + 1 < stroke.size(); ++i)
        nearest = std::min(nearest, detail::distance({x, y}, stroke[i], stroke[i + 1]));
    return std::clamp(0.5 + thickness / 2 - nearest, 0.0, 1.0);
  });
}

inline void Canvas::rectangle(double left, double top, double right, double bottom, Color color, double radius) {
  const double half_width = (right - left) / 2, half_height = (bottom - top) / 2;
  const double center_x = left + half_width, center_y = top + half_height;
  radius = std::min({radius, half_width, half_height});
  paint(left, top, right, bottom, color, [&](double x, double y) {
    const double dx = std::abs(x - center_x) - half_width + radius, dy = std::abs(y - center_y) - half_height + radius;
    if (radius > 0 && dx > 0 && dy > 0) return std::clamp(0.5 + radius - std::hypot(dx, dy), 0.0, 1.0);
    // The share of the pixel that lies inside, so that narrow notes are pale instead of missing.
    return detail::overlap(x, left, right) * detail::overlap(y, top, bottom);
  });
}

inline void Canvas::line(double x0, double y0, double x1, double y1, double thickness, Color color) {
  strokes({{{x0, y0}, {x1, y1}}}, thickness, color);
}

inline void Canvas::text(double x, double y, double size, std::string_view content, Color color, double thickness) {
  const double scale = size / 6;
  for (const char c : detail::pen_text(content)) {
    std::vector<detail::PenStroke> glyph = detail::pen_strokes(c);
    for (detail::PenStroke& stroke : glyph)
      for (detail::PenPoint& point : stroke) point = {x + point.x * scale, y - point.y * scale};
    strokes(glyph, thickness, color);
    x += detail::pen_advance(c) * scale;
  }
}

inline double Canvas::text_width(double size, std::string_view content) {
  double width = 0;
  for (const char c : detail::pen_text(content)) width += detail::pen_advance(c);
  return std::max(0.0, width - 2) * size / 6;
}

inline void Canvas::write_png(const std::filesystem::path& file) const {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width_);
  image.height = static_cast<png_uint_32>(height_);
  image.format = PNG_FORMAT_RGB;
  static_assert(sizeof(Color) == 3);
  AtomicFile out(file);
  std::vector<char> bytes(PNG_IMAGE_PNG_SIZE_MAX(image));
  png_alloc_size_t size = bytes.size();
  if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels_.data(), 0, nullptr))
    throw file_error(file, std::string("cannot be encoded: ") + image.message);
  out.write(bytes.data(), size);
  out.commit();
}

}  // namespace musicgen::inline MUSICGEN_ABI
