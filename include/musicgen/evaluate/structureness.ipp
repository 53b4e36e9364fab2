// Definitions of structureness.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>

#include "../analyze/bar_likeness.hpp"
#include "../analyze/beat_sounds.hpp"
#include "../analyze/melody.hpp"
#include "../core/error.hpp"
#include "beat_positions.hpp"
#include "structureness.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// The melody and harmony of each bar.
inline std::vector<BarContent> bars_of(const Score& score, const Analysis& analysis) {
  const std::vector<BeatNote> notes = notes_in_beats(score, analysis);
  return bar_contents(analysis, notes, melody_of(score, notes), beat_sounds(notes, analysis.beats.size()));
}

/// The mean likeness of stretches of n bars to the most similar earlier ones.
inline double stretch_likeness(const BarLikeness& likeness, const std::vector<BarContent>& bars, std::ptrdiff_t n) {
  const auto count = std::ssize(bars);
  std::vector<bool> sounds(bars.size());  // whether none of the n bars from here is silent
  for (std::ptrdiff_t i = 0; i + n <= count; ++i)
    sounds[static_cast<std::size_t>(i)] =
        std::none_of(bars.begin() + i, bars.begin() + i + n, [](const BarContent& bar) { return bar.is_silent(); });
  double sum = 0, stretches = 0;
  for (std::ptrdiff_t j = n; j + n <= count; ++j) {
    if (!sounds[static_cast<std::size_t>(j)]) continue;
    float best = -1;
    for (std::ptrdiff_t i = 0; i + n <= j; ++i) {
      if (!sounds[static_cast<std::size_t>(i)]) continue;
      float alike = 0;
      for (std::ptrdiff_t k = 0; k < n; ++k) alike += likeness(i + k, j + k);
      best = std::max(best, alike);
    }
    if (best < 0) continue;
    sum += best / static_cast<float>(n);
    stretches += 1;
  }
  return stretches > 0 ? sum / stretches : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace detail

MUSICGEN_INLINE std::vector<double> structureness(const Score& score, const Analysis& analysis,
                                                  const std::vector<int>& bars) {
  for (const int n : bars)
    if (n < 1) throw Error("a stretch has one bar at least, not " + std::to_string(n));
  std::vector<double> indicators(bars.size(), std::numeric_limits<double>::quiet_NaN());
  if (!analysis.has_beat()) return indicators;
  const std::vector<detail::BarContent> contents = detail::bars_of(score, analysis);
  const detail::BarLikeness likeness(contents);
  for (std::size_t i = 0; i < bars.size(); ++i) indicators[i] = detail::stretch_likeness(likeness, contents, bars[i]);
  return indicators;
}

MUSICGEN_INLINE double structureness(const Score& score, const Analysis& analysis, int bars) {
  return structureness(score, analysis, std::vector{bars}).front();
}

}  // namespace musicgen::inline MUSICGEN_ABI
