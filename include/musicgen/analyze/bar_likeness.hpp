// Internal: how similar bars are: the self-similarity matrix of a piece (Foote, "Visualizing music and audio using
// self-similarity", 1999), over melody and harmony.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "analysis.hpp"
#include "beat_notes.hpp"
#include "beat_sounds.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// What bars are compared by.
struct BarContent {
  struct Onset {
    int sixteenth, pitch;  // from the bar's beginning
  };
  std::vector<Onset> melody{};   // by sixteenth
  std::vector<float> harmony{};  // 12 pitch classes per beat, scaled to length 1
  double sung = 0;               // the share of its length during which the melody sounds
  double onsets = 0;             // of all notes
  bool pitched = false;          // whether anything but drums sounds, so that there is a harmony

  /// Whether nothing begins and nothing sounds.
  bool is_silent() const { return onsets <= 0 && !pitched; }
};

inline std::vector<BarContent> bar_contents(const Analysis& analysis, const std::vector<BeatNote>& notes,
                                            const std::vector<BeatNote>& melody, const BeatSounds& sounds) {
  std::vector<BarContent> bars(analysis.bars.size());
  const auto bar_at = [&](double beat) {
    const int i = std::clamp(static_cast<int>(std::floor(beat)), 0, static_cast<int>(analysis.beats.size()) - 1);
    return as_index(analysis.beats[as_index(i)].bar);
  };
  for (const BeatNote& note : notes) bars[bar_at(note.start + 1.0 / 24)].onsets += 1;
  for (const BeatNote& note : melody) {
    const std::size_t first = bar_at(note.start + 0.125), last = bar_at(note.end);
    const int start = static_cast<int>(std::lround((note.start - analysis.bars[first].first_beat) * 4));
    bars[first].melody.push_back({start, note.pitch});
    for (std::size_t bar = first; bar <= last; ++bar) {
      const double from = std::max<double>(note.start, analysis.bars[bar].first_beat);
      const double to = std::min<double>(note.end, analysis.bars[bar].end_beat);
      bars[bar].sung += std::max(0.0, to - from) / (analysis.bars[bar].end_beat - analysis.bars[bar].first_beat);
    }
  }
  for (std::size_t bar = 0; bar < bars.size(); ++bar) {
    double squares = 0;
    for (int beat = analysis.bars[bar].first_beat; beat < analysis.bars[bar].end_beat; ++beat)
      for (const float length : sounds.chroma[as_index(beat)]) {
        bars[bar].harmony.push_back(std::sqrt(length));
        squares += length;
      }
    bars[bar].pitched = squares > 0;
    for (float& x : bars[bar].harmony) x /= static_cast<float>(std::sqrt(std::max(squares, 1e-9)));
  }
  return bars;
}

/// The share of melody onsets that two bars have in common (Dice): the same pitch at the same sixteenth; one sixteenth
/// off counts half.
inline double melody_likeness(const BarContent& a, const BarContent& b) {
  if (a.melody.empty() && b.melody.empty()) return 1;
  double common = 0;
  auto near = b.melody.begin();
  for (const auto& x : a.melody) {
    while (near != b.melody.end() && near->sixteenth < x.sixteenth - 1) ++near;
    double best = 0;
    for (auto y = near; y != b.melody.end() && y->sixteenth <= x.sixteenth + 1; ++y)
      if (x.pitch == y->pitch) best = std::max(best, x.sixteenth == y->sixteenth ? 1.0 : 0.5);
    common += best;
  }
  return std::min(1.0, 2 * common / static_cast<double>(a.melody.size() + b.melody.size()));
}

/// The cosine of the pitch classes of two bars; bars without any are alike.
inline double harmony_likeness(const BarContent& a, const BarContent& b) {
  if (!a.pitched && !b.pitched) return 1;
  float sum = 0;
  for (std::size_t i = 0; i < std::min(a.harmony.size(), b.harmony.size()); ++i) sum += a.harmony[i] * b.harmony[i];
  return sum;
}

/// A band of the self-similarity matrix, bars up to `reach` apart, so that it grows with the length of a piece and not
/// with its square. Bars outside the piece are not like any other.
class BarLikeness {
 public:
  static constexpr std::ptrdiff_t reach = 300;

  explicit BarLikeness(const std::vector<BarContent>& bars) : bars_(static_cast<std::ptrdiff_t>(bars.size())) {
    width_ = std::min(reach, bars_);
    values_.resize(bars.size() * static_cast<std::size_t>(width_));
    for (std::ptrdiff_t i = 0; i < bars_; ++i)
      for (std::ptrdiff_t lag = 0; lag < width_ && i + lag < bars_; ++lag) {
        const BarContent &a = bars[static_cast<std::size_t>(i)], &b = bars[static_cast<std::size_t>(i + lag)];
        values_[static_cast<std::size_t>(i * width_ + lag)] =
            static_cast<float>(0.5 * harmony_likeness(a, b) + 0.5 * melody_likeness(a, b));
      }
  }

  std::ptrdiff_t size() const { return bars_; }

  /// 0..1
  float operator()(std::ptrdiff_t i, std::ptrdiff_t j) const {
    if (i > j) std::swap(i, j);
    return i < 0 || j >= bars_ || j - i >= width_ ? 0.0f : values_[static_cast<std::size_t>(i * width_ + (j - i))];
  }

 private:
  std::ptrdiff_t bars_, width_ = 0;
  std::vector<float> values_;
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
