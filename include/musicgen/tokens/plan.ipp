// Definitions of plan.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <span>

#include "../core/error.hpp"
#include "plan.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// The index of a metre in `meters`, -1 if it is not there.
inline int meter_index(Meter meter) {
  const auto found = std::find(meters.begin(), meters.end(), meter);
  return found == meters.end() ? -1 : static_cast<int>(found - meters.begin());
}

/// Bars; one whose metre has no token is split into several parts.
class BarTable {
 public:
  explicit BarTable(const Analysis& analysis) {
    for (std::size_t b = 0; b < analysis.bars.size(); ++b) {
      const Bar& bar = analysis.bars[b];
      first_part_.push_back(static_cast<int>(parts_.size()));
      const int place = analysis.beats[static_cast<std::size_t>(bar.first_beat)].place;
      int left = std::max(bar.meter.beats, place + bar.end_beat - bar.first_beat);
      while (left > 0) {
        Meter part{left, bar.meter.unit};
        while (meter_index(part) < 0) --part.beats;
        if (left > 8) part.beats = 4;
        parts_.push_back(meter_index(part));
        left -= part.beats;
      }
      starts_.push_back(end_);
      for (std::size_t p = static_cast<std::size_t>(first_part_.back()); p < parts_.size(); ++p)
        end_ += bar_steps(meters[static_cast<std::size_t>(parts_[p])]);
    }
    first_part_.push_back(static_cast<int>(parts_.size()));
  }
  std::span<const int> parts() const { return parts_; }
  int part(int bar) const { return first_part_[std::min(static_cast<std::size_t>(bar), first_part_.size() - 1)]; }
  std::int32_t step(const Analysis& analysis, int beat) const {
    if (beat >= std::ssize(analysis.beats)) return end_;
    const Beat& b = analysis.beats[static_cast<std::size_t>(beat)];
    const Bar& bar = analysis.bars[static_cast<std::size_t>(b.bar)];
    return starts_[static_cast<std::size_t>(b.bar)] + b.place * beat_steps(bar.meter);
  }

 private:
  std::vector<int> parts_, first_part_;
  std::vector<std::int32_t> starts_;
  std::int32_t end_ = 0;
};

/// The median tempo, and another where a bar differs by more than 4 %; smaller changes are left out.
inline std::vector<Plan::Tempo> tempos_of(const Analysis& analysis, const BarTable& bars) {
  const auto clamped = [](double tempo) {
    return std::clamp(static_cast<int>(std::lround(tempo)), min_tempo, max_tempo);
  };
  const double quarters_a_beat = 4.0 / analysis.meter.unit;
  std::vector<Plan::Tempo> tempos{{0, clamped(analysis.tempo * quarters_a_beat)}};
  for (std::size_t b = 0; b < analysis.bars.size(); ++b) {
    const Bar& bar = analysis.bars[b];
    const double length = (analysis.beat_time(bar.end_beat) - analysis.beat_time(bar.first_beat)).count();
    const int tempo = clamped(60 * quarters_a_beat * (bar.end_beat - bar.first_beat) / length);
    if (std::abs(tempo - tempos.back().quarters) * 25 <= tempos.back().quarters) continue;
    if (b == 0)
      tempos.back().quarters = tempo;
    else
      tempos.push_back({bars.part(static_cast<int>(b)), tempo});
  }
  return tempos;
}

}  // namespace detail

MUSICGEN_INLINE PlacedPlan plan_of(const Analysis& analysis) {
  if (!analysis.has_beat()) throw Error("no beat: " + analysis.no_beat);
  PlacedPlan placed;
  Plan& plan = placed.plan;
  const detail::BarTable bars(analysis);
  if (const KeySpan* key = analysis.main_key()) plan.key = key->tonic + (key->minor ? 12 : 0);
  for (int bar = 0; const int meter : bars.parts()) {
    if (plan.meters.empty() || meter != plan.meters.back().meter) plan.meters.push_back({bar, meter});
    ++bar;
  }
  plan.tempos = detail::tempos_of(analysis, bars);
  for (const PhraseSpan& phrase : analysis.phrases)
    for (int left = bars.part(phrase.end_bar) - bars.part(phrase.first_bar); left > 0; left -= max_phrase_bars)
      plan.form.push_back({phrase.letter, std::min(left, max_phrase_bars)});
  for (const ChordSpan& chord : analysis.chords) {
    const int quality = static_cast<int>(chord.quality);
    const int value = quality == 0 ? no_chord : chord.root * triad_count + quality - 1;
    if (plan.chords.empty() || plan.chords.back().chord != value)  // two chords may differ only in their bass
      plan.chords.push_back({bars.step(analysis, chord.first_beat), value});
  }
  for (int i = 0; i <= std::ssize(analysis.beats); ++i) {
    placed.steps.push_back(bars.step(analysis, i));
    placed.seconds.push_back(analysis.beat_time(i).count());
  }
  return placed;
}

}  // namespace musicgen::inline MUSICGEN_ABI
