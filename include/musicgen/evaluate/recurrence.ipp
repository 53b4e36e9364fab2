// Definitions of recurrence.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <string>

#include "../core/error.hpp"
#include "distributions.hpp"
#include "recurrence.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// The notes of a run without its key and tempo: n - 1 intervals, then n - 2 classes of ratios.
inline std::vector<std::int8_t> shape_of_run(std::span<const Note> run) {
  std::vector<std::int8_t> shape;
  for (std::size_t i = 1; i < run.size(); ++i)
    shape.push_back(static_cast<std::int8_t>(run[i].pitch - run[i - 1].pitch));
  for (std::size_t i = 2; i < run.size(); ++i) {
    const double ratio = (run[i].start - run[i - 1].start) / (run[i - 1].start - run[i - 2].start);
    shape.push_back(static_cast<std::int8_t>(std::clamp(std::round(std::log2(ratio)), -2.0, 2.0)));
  }
  return shape;
}

}  // namespace detail

MUSICGEN_INLINE std::vector<Note> melody_line(const Score& score) {
  constexpr double chord = 0.04;  // seconds
  std::vector<Note> line;
  for (const Note& note : score.notes()) {
    if (note.track != 0) continue;
    if (line.empty() || note.start >= line.back().start + chord) {
      line.push_back(note);
    } else if (note.pitch > line.back().pitch) {
      const double start = line.back().start;
      line.back() = note;
      line.back().start = start;  // the 40 ms of a chord count from its first note
    }
  }
  return line;
}

MUSICGEN_INLINE Recurrence melody_recurrence(std::span<const Note> melody, const RecurrenceOptions& options) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  if (options.notes < 3) throw Error("a run has three notes at least, not " + std::to_string(options.notes));
  const auto length = static_cast<std::size_t>(options.notes);
  std::map<std::vector<std::int8_t>, std::vector<double>> heard;  // onsets of each shape
  std::size_t asked = 0;
  std::vector<double> after;
  for (std::size_t i = 0; i + length <= melody.size(); ++i) {
    const double now = melody[i].start;
    std::vector<double>& times = heard[detail::shape_of_run(melody.subspan(i, length))];
    if (now - melody[0].start >= options.begin) {
      ++asked;
      const auto late = std::upper_bound(times.begin(), times.end(), now - options.distance);
      if (late != times.begin()) after.push_back(now - *std::prev(late));
    }
    times.push_back(now);
  }
  return {asked > 0 ? static_cast<double>(after.size()) / static_cast<double>(asked) : none,
          after.empty() ? none : quantile(after, 0.5)};
}

MUSICGEN_INLINE MelodyRests melody_rests(std::span<const Note> melody) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN(), shortest = 0.5;
  if (melody.empty()) return {none, none};
  std::vector<double> rests;
  double sum = 0, end = melody[0].end;
  for (const Note& note : melody) {
    if (note.start - end >= shortest) {
      rests.push_back(note.start - end);
      sum += rests.back();
    }
    end = std::max(end, note.end);
  }
  return {sum / (end - melody[0].start), rests.empty() ? none : quantile(rests, 0.5)};
}

}  // namespace musicgen::inline MUSICGEN_ABI
