// Internal: what marks the beginning of a phrase: the melody pauses before it, comes in or falls silent; the music
// changes (Foote, "Automatic audio segmentation using a measure of audio novelty", 2000); something heard before begins
// to return, or ends (Goto, "A chorus section detection method", 2006).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "../core/config.hpp"
#include "analysis.hpp"
#include "bar_likeness.hpp"
#include "beat_notes.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

namespace phrase_marks {

enum PhraseMark : std::size_t {
  melody_rest,      ///< the longest rest of the melody around the bar line
  melody_entry,     ///< the longest rest that ends there, or up to an upbeat before
  melody_hold,      ///< the longest melody note in the bar before
  melody_change,    ///< the melody comes in or falls silent
  novelty_of_four,  ///< the four bars before are similar to each other and unlike the four after
  novelty_of_two,
  return_begins,   ///< the four bars from here return elsewhere, but the bar before does not
  return_ends,     ///< the reverse
  texture_change,  ///< the number of notes changes
  mark_count
};

}  // namespace phrase_marks

using PhraseMarks = std::array<double, phrase_marks::mark_count>;

namespace phrase_marks {

/// A checkerboard kernel on the diagonal, bars i - width to i + width.
inline double novelty(const BarLikeness& likeness, std::ptrdiff_t i, std::ptrdiff_t width) {
  double within = 0, across = 0;
  for (std::ptrdiff_t a = 0; a < width; ++a)
    for (std::ptrdiff_t b = 0; b < width; ++b) {
      within += likeness(i - 1 - a, i - 1 - b) + likeness(i + a, i + b);
      across += 2 * likeness(i - 1 - a, i + b);
    }
  return (within - across) / static_cast<double>(2 * width * width);
}

/// How clearly a return begins at bar i (`step` 1), or ends before it (-1): the best over all lags.
inline double stripe_begins(const BarLikeness& likeness, std::ptrdiff_t i, std::ptrdiff_t step) {
  constexpr std::ptrdiff_t least_lag = 4, length = 4;
  double best = 0;
  const std::ptrdiff_t inside = step > 0 ? i : i - 1, outside = inside - step;
  const auto farthest = std::min(likeness.size(), BarLikeness::reach);
  for (std::ptrdiff_t lag = -farthest; lag < farthest; ++lag) {
    if (std::abs(lag) < least_lag || likeness(inside, inside + lag) < 0.5f) continue;
    double sum = 0;
    for (std::ptrdiff_t k = 0; k < length; ++k) sum += likeness(inside + k * step, inside + k * step + lag);
    best = std::max(best, sum / length - likeness(outside, outside + lag));
  }
  return best;
}

}  // namespace phrase_marks

/// The marks of each bar, at its beginning.
inline std::vector<PhraseMarks> find_phrase_marks(const Analysis& analysis, const std::vector<BeatNote>& melody,
                                                  const std::vector<BarContent>& bars, const BarLikeness& likeness) {
  using enum phrase_marks::PhraseMark;
  std::vector<PhraseMarks> all(bars.size(), PhraseMarks{});
  std::size_t first = 0;  // the first melody note that ends in or after the bar before
  for (std::size_t bar = 0; bar < all.size(); ++bar) {
    PhraseMarks& marks = all[bar];
    const double line = analysis.bars[bar].first_beat, length = analysis.meter.beats;
    const auto i = static_cast<std::ptrdiff_t>(bar);
    while (first < melody.size() && melody[first].end < line - length) ++first;
    double end = first > 0 ? melody[first - 1].end : line - 2 * length;
    for (std::size_t k = first; k <= melody.size(); ++k) {
      const double start = k < melody.size() ? melody[k].start : line + 2 * length;
      if (start > line - 1.6 && start < line + length * 0.4)
        marks[melody_entry] = std::max(marks[melody_entry], std::min(start - end, 4 * length));
      if (end < line + length / 2)
        marks[melody_rest] = std::max(marks[melody_rest], std::min(start - std::max(end, line - length), 2 * length));
      if (start >= line + length / 2) break;
      if (start < line) marks[melody_hold] = std::max(marks[melody_hold], std::min(melody[k].end - start, 2 * length));
      end = std::max(end, melody[k].end);
    }
    marks[melody_rest] = std::log1p(std::max(0.0, marks[melody_rest]));
    marks[melody_entry] = std::log1p(std::max(0.0, marks[melody_entry]));
    marks[melody_hold] = std::log1p(marks[melody_hold]);
    const auto sung = [&](std::ptrdiff_t j) {
      return j < 0 || j >= likeness.size() ? 0.0 : std::min(1.0, bars[static_cast<std::size_t>(j)].sung);
    };
    marks[melody_change] = std::abs(sung(i - 2) + sung(i - 1) - sung(i) - sung(i + 1)) / 2;
    marks[novelty_of_four] = phrase_marks::novelty(likeness, i, 4);
    marks[novelty_of_two] = phrase_marks::novelty(likeness, i, 2);
    marks[return_begins] = phrase_marks::stripe_begins(likeness, i, 1);
    marks[return_ends] = phrase_marks::stripe_begins(likeness, i, -1);
    if (bar > 0) marks[texture_change] = std::abs(std::log1p(bars[bar].onsets) - std::log1p(bars[bar - 1].onsets));
  }
  return all;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
