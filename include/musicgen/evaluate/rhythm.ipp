// Definitions of rhythm.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "beat_positions.hpp"
#include "rhythm.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// Where in its bar a note begins, to the nearest sixteenth.
struct BarOnset {
  std::size_t bar, sixteenth;
  bool drums;
};

/// Of all notes up to the end of the last beat; those before the first beat count as on it.
inline std::vector<BarOnset> bar_onsets(const Score& score, const Analysis& analysis) {
  std::vector<BarOnset> onsets;
  if (!analysis.has_beat()) return onsets;
  for (const BeatNote& note : notes_in_beats(score, analysis)) {
    const std::int64_t sixteenth = std::max<std::int64_t>(0, sixteenth_of(note.start));
    if (sixteenth / 4 >= std::ssize(analysis.beats)) continue;
    const Beat& beat = analysis.beats[static_cast<std::size_t>(sixteenth / 4)];
    onsets.push_back(
        {static_cast<std::size_t>(beat.bar), static_cast<std::size_t>(beat.place * 4 + sixteenth % 4), note.track < 0});
  }
  return onsets;
}

}  // namespace detail

MUSICGEN_INLINE double gaps_in_time(std::span<const Note> notes) {
  constexpr double step = 0.01, tolerance = 1.5;  // seconds; steps
  std::vector<std::int64_t> onsets;
  for (const Note& note : notes) onsets.push_back(std::llround(note.start / step));
  std::sort(onsets.begin(), onsets.end());
  onsets.erase(std::unique(onsets.begin(), onsets.end()), onsets.end());
  if (onsets.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  double best = -1;
  for (int half_steps = 20; half_steps < 60; ++half_steps) {
    const double unit = half_steps / 2.0;
    int in_time = 0;
    for (std::size_t i = 1; i < onsets.size(); ++i)
      in_time += std::abs(std::remainder(static_cast<double>(onsets[i] - onsets[i - 1]), unit)) <= tolerance;
    best = std::max(best, in_time / static_cast<double>(onsets.size() - 1) - 2 * tolerance / unit);
  }
  return best;
}

MUSICGEN_INLINE double in_beat_share(const Score& score, const Analysis& analysis) {
  constexpr double tolerance = 1.0 / 48 + 1e-9;
  if (!analysis.has_beat()) return std::numeric_limits<double>::quiet_NaN();
  double in_beat = 0, all = 0;
  for (const detail::BeatNote& note : detail::notes_in_beats(score, analysis)) {
    if (note.track < 0) continue;
    all += 1;
    in_beat += std::abs(note.start - static_cast<double>(detail::sixteenth_of(note.start)) / 4) <= tolerance;
  }
  return in_beat / all;  // NaN if there are only drums
}

MUSICGEN_INLINE BarPositions bar_positions(const Score& score, const Analysis& analysis) {
  BarPositions shares{};
  double all = 0;
  for (const detail::BarOnset& onset : detail::bar_onsets(score, analysis)) {
    if (onset.drums || onset.sixteenth >= shares.size()) continue;
    shares[onset.sixteenth] += 1;
    all += 1;
  }
  for (double& share : shares) share /= all;
  return shares;
}

MUSICGEN_INLINE double histogram_overlap(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) sum += std::min(a[i], b[i]);
  return sum;
}

MUSICGEN_INLINE double groove_similarity(const Score& score, const Analysis& analysis) {
  const auto width = 4 * static_cast<std::size_t>(analysis.meter.beats);
  std::vector<std::vector<bool>> grooves(analysis.bars.size(), std::vector<bool>(width));
  for (const detail::BarOnset& onset : detail::bar_onsets(score, analysis))
    if (onset.sixteenth < width) grooves[onset.bar][onset.sixteenth] = true;
  const auto whole = [&](const Bar& bar) { return bar.end_beat - bar.first_beat == analysis.meter.beats; };
  double alike = 0, pairs = 0;
  for (std::size_t i = 1; i < grooves.size(); ++i) {
    if (!whole(analysis.bars[i - 1]) || !whole(analysis.bars[i])) continue;  // an upbeat, an end, a bar cut short
    pairs += 1;
    for (std::size_t k = 0; k < width; ++k) alike += grooves[i][k] == grooves[i - 1][k];
  }
  return pairs > 0 ? alike / (pairs * static_cast<double>(width)) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace musicgen::inline MUSICGEN_ABI
