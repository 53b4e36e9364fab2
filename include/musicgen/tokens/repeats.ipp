// Definitions of repeats.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "encoder.hpp"
#include "plan_writer.hpp"
#include "repeats.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// The onsets of the first track, bar by bar, as steps since the bar line and pitches.
class MelodyBars {
 public:
  using Onset = std::pair<std::int32_t, int>;

  MelodyBars(std::span<const GridNote> notes, const Plan& plan) {
    if (notes.empty()) return;
    const auto melody = std::min_element(notes.begin(), notes.end(), [](const GridNote& a, const GridNote& b) {
                          return a.track < b.track;
                        })->track;
    BarWalk walk(plan);
    std::int32_t start = walk.start();
    const auto begin_bar = [&] {
      first_.push_back(onsets_.size());
      start = walk.start();
      walk.next();
    };
    begin_bar();
    for (const GridNote& note : notes) {
      if (note.track != melody) continue;
      while (walk.start() <= note.start) begin_bar();
      onsets_.emplace_back(note.start - start, note.pitch);
    }
    first_.push_back(onsets_.size());
  }

  std::span<const Onset> operator[](int bar) const {
    const auto b = static_cast<std::size_t>(bar);
    if (b + 1 >= first_.size()) return {};
    return std::span(onsets_).subspan(first_[b], first_[b + 1] - first_[b]);
  }

 private:
  std::vector<Onset> onsets_;
  std::vector<std::size_t> first_;  // of each bar, and behind the last
};

}  // namespace detail

MUSICGEN_INLINE std::vector<int> repeated_bars(std::span<const GridNote> notes, const Plan& plan) {
  struct Phrase {
    int start = 0, bars = 0;
  };
  const detail::MelodyBars melody(notes, plan);
  std::array<Phrase, 128> latest{};  // by letter
  std::vector<int> repeated;
  Phrase now;
  for (const auto& [letter, bars] : plan.form) {
    now.bars = bars;
    Phrase& before = latest[static_cast<unsigned char>(letter)];
    for (int bar = 0; bar < std::min(bars, before.bars); ++bar) {
      const auto here = melody[now.start + bar], there = melody[before.start + bar];
      if (!here.empty() && std::equal(here.begin(), here.end(), there.begin(), there.end()))
        repeated.push_back(now.start + bar);
    }
    before = now;
    now.start += bars;
  }
  return repeated;
}

}  // namespace musicgen::inline MUSICGEN_ABI
