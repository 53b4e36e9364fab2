// Internal: puts spans of beats together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "analysis.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// The beats [first, end), with their times.
inline BeatSpan beat_span(const Analysis& analysis, int first, int end) {
  return {analysis.beat_time(first), analysis.beat_time(end), first, end};
}

/// The beat that begins nearest to a time; the number of beats if the end of the last one is nearer.
inline int nearest_beat(const Analysis& analysis, Seconds time) {
  const auto& beats = analysis.beats;
  const auto next =
      std::lower_bound(beats.begin(), beats.end(), time, [](const Beat& beat, Seconds t) { return beat.time < t; });
  const int i = static_cast<int>(next - beats.begin());
  return i > 0 && time - beats[static_cast<std::size_t>(i - 1)].time <= analysis.beat_time(i) - time ? i - 1 : i;
}

/// The bar that begins nearest to a beat; the number of bars if the end of the last one is nearer.
inline int nearest_bar(const Analysis& analysis, int beat) {
  if (beat >= std::ssize(analysis.beats)) return static_cast<int>(analysis.bars.size());
  const int bar = analysis.beats[static_cast<std::size_t>(beat)].bar;
  const Bar& b = analysis.bars[static_cast<std::size_t>(bar)];
  return beat - b.first_beat <= b.end_beat - beat ? bar : bar + 1;
}

/// Groups the beats into bars of `meter` that begin where `downbeat` says; beats before the first downbeat are an
/// upbeat. The metre of a bar that is longer or shorter is adapted to its number of beats.
inline void set_bars(Analysis& analysis, const std::vector<bool>& downbeat, Meter meter) {
  analysis.meter = meter;
  analysis.bars.clear();
  const int count = static_cast<int>(analysis.beats.size());
  for (int i = 0; i < count; ++i)
    if (i == 0 || downbeat[static_cast<std::size_t>(i)]) analysis.bars.push_back({i, count, meter});
  for (std::size_t k = 0; k < analysis.bars.size(); ++k) {
    Bar& bar = analysis.bars[k];
    const bool last = k + 1 == analysis.bars.size();
    if (!last) bar.end_beat = analysis.bars[k + 1].first_beat;
    const int length = bar.end_beat - bar.first_beat;
    const bool upbeat = k == 0 && !downbeat[0];
    if (length > meter.beats || (!upbeat && !last)) bar.meter.beats = length;
    const int shift = upbeat ? bar.meter.beats - length : 0;
    for (int i = bar.first_beat; i < bar.end_beat; ++i) {
      Beat& beat = analysis.beats[static_cast<std::size_t>(i)];
      beat.bar = static_cast<int>(k);
      beat.place = i - bar.first_beat + shift;
    }
  }
}

/// The median tempo, beats a minute.
inline double median_tempo(const Analysis& analysis) {
  std::vector<double> lengths;
  for (std::size_t i = 0; i < analysis.beats.size(); ++i)
    lengths.push_back((analysis.beat_time(static_cast<int>(i) + 1) - analysis.beats[i].time).count());
  if (lengths.empty()) return 0;
  const auto middle = lengths.begin() + std::ssize(lengths) / 2;
  std::nth_element(lengths.begin(), middle, lengths.end());
  return *middle > 0 ? 60 / *middle : 0;
}

/// Appends a span, or lengthens the last one if they differ only in place.
template <class Span>
void append_span(std::vector<Span>& spans, Span span) {
  if (span.first_beat == span.end_beat) return;
  if (!spans.empty()) {
    Span longer = spans.back();
    static_cast<BeatSpan&>(longer) = span;
    if (longer == span) {
      spans.back().end = span.end;
      spans.back().end_beat = span.end_beat;
      return;
    }
  }
  spans.push_back(std::move(span));
}

/// Appends the spans in which beats have the same state.
/// @param states  of each beat
/// @param say     say(span, state) fills in a span of that state
template <class Span, class Say>
void append_states(std::vector<Span>& spans, const Analysis& analysis, const std::vector<std::uint8_t>& states,
                   const Say& say) {
  for (int beat = 0; beat < std::ssize(states); ++beat) {
    Span span{beat_span(analysis, beat, beat + 1)};
    say(span, states[static_cast<std::size_t>(beat)]);
    append_span(spans, std::move(span));
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
