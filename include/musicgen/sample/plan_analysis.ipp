// Definitions of plan_analysis.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../analyze/spans.hpp"
#include "../core/error.hpp"
#include "../tokens/plan_events.hpp"
#include "in_order.hpp"
#include "plan_analysis.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// Adds the beats and bars of a plan that begin before `end`. @return  the steps of the beats
inline std::vector<std::int32_t> add_beats(Analysis& analysis, const Plan& plan, Seconds end) {
  std::vector<std::int32_t> steps;
  auto change = plan.tempos.begin();
  int tempo = usual_tempo;
  constexpr Seconds rounding(1e-6);
  for (BarWalk walk(plan); analysis.end + rounding < end; walk.next()) {
    for (; change != plan.tempos.end() && change->bar <= walk.bar(); ++change) tempo = change->quarters;
    const Meter meter = meters[static_cast<std::size_t>(walk.meter())];
    const int first = static_cast<int>(analysis.beats.size());
    analysis.bars.push_back({first, first + meter.beats, meter});
    for (int place = 0; place < meter.beats; ++place) {
      steps.push_back(walk.start() + place * beat_steps(meter));
      analysis.beats.push_back({analysis.end, std::int64_t{steps.back()} * step_ticks, walk.bar(), place});
      analysis.end += Seconds(microseconds_a_quarter(tempo) / 1e6 * 4 / meter.unit);
    }
  }
  return steps;
}

/// The same plan with its chords written out for so many bars.
inline PlanRequest with_chords_repeated(PlanRequest plan, int bars) {
  if (plan.chord_bars == 0) return plan;
  const std::vector<PlanRequest::Chord> once = plan.chords;
  for (int shift = plan.chord_bars; shift < bars; shift += plan.chord_bars)
    for (PlanRequest::Chord chord : once) {
      chord.bar += shift;
      plan.chords.push_back(chord);
    }
  plan.chord_bars = 0;
  return plan;
}

}  // namespace detail

MUSICGEN_INLINE Analysis analysis_of(const PlanRequest& request, Seconds end) {
  require_valid(request);
  if (!std::isfinite(end.count())) throw Error("plan: its end is not finite");
  Analysis analysis;
  std::vector<std::int32_t> steps = detail::add_beats(analysis, detail::in_steps(request), end);
  if (steps.empty()) {
    analysis.no_beat = "it is empty";
    return analysis;
  }
  const Plan plan = detail::in_steps(detail::with_chords_repeated(request, static_cast<int>(analysis.bars.size())));
  analysis.meter = analysis.bars.front().meter;
  analysis.tempo = 60 / (analysis.beat_time(1) - analysis.beat_time(0)).count();
  const int beats = static_cast<int>(steps.size()), bars = static_cast<int>(analysis.bars.size());
  const auto beat_of = [&](std::int32_t step) {
    return static_cast<int>(std::lower_bound(steps.begin(), steps.end(), step) - steps.begin());
  };
  if (plan.key >= 0) analysis.keys.push_back({detail::beat_span(analysis, 0, beats), plan.key % 12, plan.key >= 12});
  for (std::size_t i = 0; i < plan.chords.size(); ++i) {
    const int first = beat_of(plan.chords[i].step);
    const int next = i + 1 < plan.chords.size() ? beat_of(plan.chords[i + 1].step) : beats;
    if (first == next) continue;
    ChordSpan chord{detail::beat_span(analysis, first, next)};
    if (const int value = plan.chords[i].chord; value != no_chord) {
      chord.root = chord.bass = value / triad_count;
      chord.quality = static_cast<ChordQuality>(1 + value % triad_count);
    }
    analysis.chords.push_back(chord);
  }
  for (int bar = 0; const Plan::Phrase& phrase : plan.form) {
    const int first = bar, next = std::min(bar += phrase.bars, bars);
    if (first >= next) break;
    analysis.phrases.push_back({detail::beat_span(analysis, analysis.bars[static_cast<std::size_t>(first)].first_beat,
                                                  analysis.bars[static_cast<std::size_t>(next - 1)].end_beat),
                                first, next, phrase.letter, phrase.letter <= 'Z'});
  }
  return analysis;
}

}  // namespace musicgen::inline MUSICGEN_ABI
