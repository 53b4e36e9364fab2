// The positions of a score's notes among the beats of an analysis. Internal: for definitions only.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../analyze/analysis.hpp"
#include "../analyze/beat_notes.hpp"
#include "../core/config.hpp"
#include "../midi/score.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// A tick's position in beats from the first one; extrapolated before the first beat and after the last.
inline double beat_position(const Analysis& analysis, double tick) {
  const auto& beats = analysis.beats;
  const auto next = std::upper_bound(beats.begin(), beats.end(), tick,
                                     [](double t, const Beat& beat) { return t < static_cast<double>(beat.tick); });
  const auto count = std::ssize(beats);
  const auto i = std::clamp<std::ptrdiff_t>(next - beats.begin() - 1, 0, std::max<std::ptrdiff_t>(count - 2, 0));
  const auto at = static_cast<std::size_t>(i);
  const double length = count < 2 ? 1 : static_cast<double>(beats[at + 1].tick - beats[at].tick);
  return static_cast<double>(i) + (tick - static_cast<double>(beats[at].tick)) / length;
}

/// All notes, including drums, in beats from the first one, by start. Needs analysis.has_beat().
inline std::vector<BeatNote> notes_in_beats(const Score& score, const Analysis& analysis) {
  std::vector<BeatNote> notes = quarter_notes(score);
  const double division = score.tempo.division();
  for (BeatNote& note : notes) {
    note.start = beat_position(analysis, note.start * division);
    note.end = beat_position(analysis, note.end * division);
  }
  return notes;
}

/// The sixteenth nearest to a position, counted from the first beat.
inline std::int64_t sixteenth_of(double position) {
  return std::llround(position * 4);
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
