// Internal: the axes and the colors of a piano roll.
#pragma once

#include <algorithm>
#include <vector>

#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "canvas.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

inline constexpr Color roll_background{255, 255, 255}, roll_ink{38, 43, 51}, roll_faint_ink{110, 118, 129},
    roll_grid{221, 225, 230}, roll_black_keys{245, 247, 249};

/// Where pitches and seconds are drawn.
class RollLayout {
 public:
  /// @param notes  of all songs
  /// @param limit  seconds; 0: none
  RollLayout(const std::vector<Note>& notes, int width, double limit) : right(width - 22.0) {
    double duration = 0;
    for (const Note& n : notes) duration = std::max(duration, n.end);
    if (!notes.empty()) {
      const auto by_pitch = [](const Note& a, const Note& b) { return a.pitch < b.pitch; };
      const auto [low, high] = std::minmax_element(notes.begin(), notes.end(), by_pitch);
      lowest = std::max(0, low->pitch - 2), highest = std::min(127, high->pitch + 2);
    }
    while (highest - lowest < 24) lowest = std::max(0, lowest - 1), highest = std::min(127, highest + 1);
    if (limit > 0) duration = std::min(duration, limit);
    seconds = duration > 0 ? duration : 1;
  }

  /// The same axes at another place.
  RollLayout between(double new_top, double new_bottom) const {
    RollLayout moved = *this;
    moved.top = new_top;
    moved.bottom = new_bottom;
    return moved;
  }

  double x(double second) const { return left + (right - left) * std::clamp(second / seconds, 0.0, 1.0); }
  double row_height() const { return (bottom - top) / (highest - lowest + 1); }
  double row_top(int pitch) const { return top + (highest - pitch) * row_height(); }

  double left = 54, top = 0, right, bottom = 0;  // of the area with the notes
  int lowest = 48, highest = 72;                 // pitches
  double seconds;
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
