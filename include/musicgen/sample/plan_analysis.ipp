// Definitions of plan_analysis.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "../analyze/spans.hpp"
#include "../core/error.hpp"
#include "../tokens/plan_events.hpp"
#include "../tokens/plan_writer.hpp"
#include "plan_analysis.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// Adds the beats and bars that begin before `end`.
inline void add_beats(Analysis& analysis, const PlanRequest& request, Seconds end) {
  constexpr Seconds rounding(1e-6);
  const Plan plan{.meters = request.meters};
  auto change = request.tempos.begin();
  int tempo = usual_tempo;
  for (BarWalk walk(plan); analysis.end + rounding < end; walk.next()) {
    for (; change != request.tempos.end() && change->bar <= walk.bar(); ++change) tempo = change->quarters;
    const Meter meter = meters[static_cast<std::size_t>(walk.meter())];
    const int first = static_cast<int>(analysis.beats.size());
    analysis.bars.push_back({first, first + meter.beats, meter});
    for (int place = 0; place < meter.beats; ++place) {
      const std::int64_t step = walk.start() + place * beat_steps(meter);
      analysis.beats.push_back({analysis.end, step * step_ticks, walk.bar(), place});
      analysis.end += Seconds(microseconds_a_quarter(tempo) / 1e6 * 4 / meter.unit);
    }
  }
}

/// Adds the chords, again and again if they repeat.
inline void add_chords(Analysis& analysis, const PlanRequest& request) {
  const int bars = static_cast<int>(analysis.bars.size());
  std::vector<std::pair<int, int>> starts;  // beat, chord
  for (int shift = 0; shift<bars; shift += request.chord_bars> 0 ? request.chord_bars : bars)
    for (const auto& [once, beat, chord] : request.chords)
      if (const int bar = shift + once; bar < bars) {
        const Bar& begun = analysis.bars[static_cast<std::size_t>(bar)];
        starts.emplace_back(std::min(begun.first_beat + beat, begun.end_beat), chord);
      }
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const auto [first, value] = starts[i];
    const int next = i + 1 < starts.size() ? starts[i + 1].first : static_cast<int>(analysis.beats.size());
    if (first == next) continue;
    ChordSpan chord{beat_span(analysis, first, next)};
    if (value != no_chord) {
      chord.root = chord.bass = value / triad_count;
      chord.quality = static_cast<ChordQuality>(1 + value % triad_count);
    }
    analysis.chords.push_back(chord);
  }
}

}  // namespace detail

MUSICGEN_INLINE Analysis analysis_of(const PlanRequest& request, Seconds end) {
  require_valid(request);
  if (!std::isfinite(end.count())) throw Error("plan: its end is not finite");
  Analysis analysis;
  detail::add_beats(analysis, request, end);
  if (analysis.beats.empty()) {
    analysis.no_beat = "it is empty";
    return analysis;
  }
  const int beats = static_cast<int>(analysis.beats.size()), bars = static_cast<int>(analysis.bars.size());
  analysis.meter = analysis.bars.front().meter;
  analysis.tempo = 60 / (analysis.beat_time(1) - analysis.beat_time(0)).count();
  if (request.key) {
    const int key = key_word(*request.key);
    analysis.keys.push_back({detail::beat_span(analysis, 0, beats), key % 12, key >= 12});
  }
  detail::add_chords(analysis, request);
  for (int bar = 0; const Plan::Phrase& phrase : request.form) {
    const int first = bar, next = std::min(bar += phrase.bars, bars);
    if (first >= next) break;
    analysis.phrases.push_back({detail::beat_span(analysis, analysis.bars[static_cast<std::size_t>(first)].first_beat,
                                                  analysis.bars[static_cast<std::size_t>(next - 1)].end_beat),
                                first, next, phrase.letter, phrase.letter <= 'Z'});
  }
  return analysis;
}

}  // namespace musicgen::inline MUSICGEN_ABI
