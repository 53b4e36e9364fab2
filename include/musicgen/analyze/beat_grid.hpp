// Internal: finds beats, which are the quarter notes of the tempo map, shifted to fit the notes. In a file written with
// a metronome the notes keep a constant distance from the map's quarters; in a performance they do not.
//
// Whether onsets follow a grid of 1/m of a quarter is measured by the mean resultant length of their phases, R = |mean
// of exp(2 pi i m t)|; the angle of that mean is the grid's offset (circular statistics: Mardia and Jupp, "Directional
// Statistics", 2000; n R^2 is Rayleigh's test). A beat may then lie at one of m places. The one is taken where the
// most, longest and lowest notes begin: Lerdahl and Jackendoff's preference rules for metre (event, length, bass; "A
// Generative Theory of Tonal Music", 1983), weighted by a log-linear model.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include "../core/config.hpp"
#include "../core/text.hpp"
#include "../midi/score.hpp"
#include "analysis.hpp"
#include "beat_notes.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Where the beats lie, or why there are none.
struct BeatGrid {
  double offset = 0;  // quarters from tick 0, in [0, 1)
  std::string fault{};
};

/// How well onsets fit a grid of 1/m of a quarter.
struct GridFit {
  int m;
  double closeness, phase;  // R; quarters, in [0, 1/m)
};

inline GridFit fit_grid(const std::vector<BeatNote>& notes, int m) {
  std::complex<double> sum = 0;
  for (const BeatNote& note : notes)
    sum += std::polar(1.0, 2 * std::numbers::pi * m * (note.start - std::floor(note.start)));
  const double turn = std::arg(sum) / (2 * std::numbers::pi);
  return {m, std::abs(sum) / static_cast<double>(notes.size()), (turn < 0 ? turn + 1 : turn) / m};
}

/// Of the m possible offsets of beats on the grid, the likeliest.
inline double beat_offset(const std::vector<BeatNote>& notes, const GridFit& fit) {
  enum { events, onsets, lengths, bass, loudness, kinds };
  constexpr std::array<double, kinds> weights{0.36, 2.72, 5.6, 5.78, 1.0};  // fitted on POP909: docs/analysis.md
  std::array<std::array<double, kinds>, 4> sums{};
  const auto cell = [&](const BeatNote& note) { return std::llround((note.start - fit.phase) * fit.m); };
  for (std::size_t i = 0; i < notes.size();) {
    const auto place = cell(notes[i]);
    auto& sum = sums[static_cast<std::size_t>((place % fit.m + fit.m) % fit.m)];
    const BeatNote* lowest = nullptr;
    int loudest = 0;
    for (; i < notes.size() && cell(notes[i]) == place; ++i) {
      const BeatNote& note = notes[i];
      loudest = std::max(loudest, note.velocity);
      sum[onsets] += 1;
      if (note.track < 0) continue;
      sum[lengths] += std::min(note.end - note.start, 2.0);
      if (lowest == nullptr || note.pitch < lowest->pitch) lowest = &note;
    }
    sum[events] += 1;
    sum[loudness] += loudest;
    if (lowest != nullptr && lowest->pitch < 55) sum[bass] += std::min(lowest->end - lowest->start, 2.0);
  }
  std::array<double, 4> scores{};
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    double total = 1e-9;
    for (const auto& sum : sums) total += sum[kind];
    for (std::size_t k = 0; k < scores.size(); ++k) scores[k] += weights[kind] * sums[k][kind] / total;
  }
  const auto best = std::max_element(scores.begin(), scores.begin() + fit.m) - scores.begin();
  const double offset = fit.phase + static_cast<double>(best) / fit.m;
  return offset - std::floor(offset);
}

/// The number of distinct onset times; onsets less than a 24th of a quarter apart are one, a chord.
inline double onset_times(const std::vector<BeatNote>& notes) {
  double count = 0, last = -1;
  for (const BeatNote& note : notes)
    if (count == 0 || note.start - last >= 1.0 / 24) count += 1, last = note.start;
  return count;
}

/// When the last note ends; 0 if there is none.
inline double last_end(const std::vector<BeatNote>& notes) {
  double last = 0;
  for (const BeatNote& note : notes) last = std::max(last, note.end);
  return last;
}

inline BeatGrid find_grid(const std::vector<BeatNote>& notes, const Score& score) {
  constexpr double least_closeness = 0.3, least_evidence = 4, rounding = 1e-9, most_beats = 200000;
  if (notes.empty()) return {0, "it has no notes"};
  if (score.tempo.is_smpte()) return {0, "its file counts frames, not quarter notes"};
  if (last_end(notes) > most_beats) return {0, "it is longer than " + number_text(most_beats) + " beats"};
  const GridFit sixteenths = fit_grid(notes, 4), triplets = fit_grid(notes, 3);
  const GridFit& fit = triplets.closeness > sixteenths.closeness + 0.1 ? triplets : sixteenths;
  const double count = onset_times(notes);
  if (fit.closeness < least_closeness && count >= 16)
    return {0, "its notes do not keep to the grid of its tempo map (closeness " + number_text(fit.closeness, 2) +
                   " of 1, at least " + number_text(least_closeness) + ")"};
  if (fit.closeness < least_closeness || count * fit.closeness * fit.closeness < least_evidence - rounding)
    return {0, "its notes are too few to say where beats are"};
  return {beat_offset(notes, fit), {}};
}

/// The beats from the start (from the first note if that is earlier) until the last note ends.
inline void set_beats(Analysis& analysis, double offset, const std::vector<BeatNote>& notes, const Score& score) {
  const double last = last_end(notes);
  const bool upbeat = std::llround((notes.front().start - offset) * 24) < 0;
  const auto tick_of = [&](int k) { return std::llround((offset + k) * score.tempo.division()); };
  int k = upbeat ? -1 : 0;
  do {
    const std::int64_t tick = tick_of(k);
    analysis.beats.push_back({.time = Seconds(score.tempo.seconds(tick)), .tick = tick});
  } while (offset + ++k < last - 1.0 / 24);
  analysis.end = Seconds(score.tempo.seconds(tick_of(k)));
}

/// Makes the times of notes relative to the first beat.
inline void count_from_first_beat(std::vector<BeatNote>& notes, const Analysis& analysis, const Score& score) {
  const double first = static_cast<double>(analysis.beats.front().tick) / score.tempo.division();
  for (BeatNote& note : notes) {
    note.start -= first;
    note.end -= first;
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
