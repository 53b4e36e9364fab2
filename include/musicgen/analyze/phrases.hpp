// Internal: finds phrases: where a piece divides, and which parts return.
//
// The cuts b_0 < b_1 < ... are those that maximize sum_k [w . x(b_k) + c log P(b_{k+1} - b_k)], by dynamic programming
// (a semi-Markov model; Levy and Sandler, "Structural segmentation of musical audio by constrained clustering", 2008,
// constrain lengths in the same way). x are the marks of a phrase's beginning at a bar and its neighbours; P is the
// distribution of phrase lengths in POP909's annotations, to which w was fitted by logistic regression. Parts with
// similar bars share a letter (Dai, Zhang and Dannenberg 2020 label in the same way).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "../core/config.hpp"
#include "analysis.hpp"
#include "bar_likeness.hpp"
#include "beat_notes.hpp"
#include "phrase_marks.hpp"
#include "spans.hpp"
#include "standardize.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

namespace phrases {

/// The log-odds of each bar to begin a phrase. Silent bars do not count for mean and deviation.
inline std::vector<double> begin_scores(std::vector<PhraseMarks> marks, const std::vector<BarContent>& bars) {
  constexpr std::array<PhraseMarks, 3> weights{
      {{-0.36, -0.42, -0.29, -0.11, -0.25, 0.32, 0.49, 0.39, -0.01},  // of the bar before
       {0.14, 0.59, 0.95, 0.63, 0.24, 0.30, 0.89, 0.53, 0.10},
       {-0.32, -0.18, -0.23, 0.01, -0.16, -0.07, -0.23, -0.18, -0.07}}};
  constexpr double constant = -0.55;
  standardize(marks, [&](std::size_t i) { return !bars[i].is_silent(); });
  std::vector<double> scores(marks.size(), constant);
  for (std::size_t i = 0; i < marks.size(); ++i)
    for (std::size_t o = 0; o < 3; ++o)
      if (i + o >= 1 && i + o - 1 < marks.size())
        for (std::size_t k = 0; k < phrase_marks::mark_count; ++k) scores[i] += weights[o][k] * marks[i + o - 1][k];
  return scores;
}

/// The first bars of all phrases, and at the end the number of bars.
inline std::vector<int> cuts(const std::vector<double>& scores) {
  constexpr std::array frequencies{0.019, 0.010, 0.012, 0.301, 0.048, 0.025, 0.020, 0.331,
                                   0.034, 0.011, 0.005, 0.006, 0.004, 0.003, 0.003, 0.018};  // of 1, 2, ... bars
  constexpr double longer = 0.001, weight = 0.6;
  constexpr std::size_t longest = 24;
  const std::size_t n = scores.size();
  std::vector<double> best(n + 1, -std::numeric_limits<double>::infinity());
  std::vector<std::size_t> from(n + 1, 0);
  best[0] = 0;
  for (std::size_t end = 1; end <= n; ++end)
    for (std::size_t length = 1; length <= std::min(end, longest); ++length) {
      const double frequency = length <= frequencies.size() ? frequencies[length - 1] : longer;
      const double score = best[end - length] + weight * std::log(frequency) + (end < n ? scores[end] : 0);
      if (score <= best[end]) continue;
      best[end] = score;
      from[end] = end - length;
    }
  std::vector<int> bars{static_cast<int>(n)};
  for (std::size_t end = n; end > 0; end = from[end]) bars.push_back(static_cast<int>(from[end]));
  std::reverse(bars.begin(), bars.end());
  return bars;
}

/// Assigns letters to phrases.
class Letters {
 public:
  explicit Letters(const std::vector<BarContent>& bars) : bars_(bars) {}

  char letter_of(const PhraseSpan& phrase) {
    const double least = phrase.melody ? 0.6 : 0.85;
    Part* most = nullptr;
    double best = least;
    for (Part& part : parts_)
      for (const PhraseSpan& member : {part.first, part.latest})
        if (const double alike = likeness(phrase, member); alike > best) best = alike, most = &part;
    if (most == nullptr) {
      if (phrase.bars() <= 2 || parts_.size() == alphabet.size()) return phrase.melody ? 'X' : 'x';
      parts_.push_back({alphabet[parts_.size()], phrase, phrase});
      most = &parts_.back();
    }
    if (phrase.melody) most->latest = phrase;
    return phrase.melody ? most->letter : static_cast<char>(most->letter - 'A' + 'a');
  }

 private:
  static constexpr std::string_view alphabet = "ABCDEFGHJKLMNPQRSTUVWYZ";  // I, O and X have meanings of their own

  struct Part {
    char letter;
    PhraseSpan first, latest;
  };

  /// The mean similarity of their bars, one by one; only of harmony if either has no melody.
  double likeness(const PhraseSpan& a, const PhraseSpan& b) const {
    const int common = std::min(a.bars(), b.bars()), all = std::max(a.bars(), b.bars());
    if (2 * common < all) return 0;
    double sum = 0;
    for (int k = 0; k < common; ++k) {
      const BarContent &x = bars_[as_index(a.first_bar + k)], &y = bars_[as_index(b.first_bar + k)];
      const double harmony = harmony_likeness(x, y);
      sum += a.melody && b.melody ? (harmony + melody_likeness(x, y)) / 2 : harmony;
    }
    return sum / common;
  }

  const std::vector<BarContent>& bars_;
  std::vector<Part> parts_;
};

}  // namespace phrases

/// Fills `analysis.phrases`; needs the bars.
inline void find_phrases(Analysis& analysis, const std::vector<BeatNote>& melody, const std::vector<BarContent>& bars) {
  const BarLikeness likeness(bars);
  const std::vector<int> cuts =
      phrases::cuts(phrases::begin_scores(find_phrase_marks(analysis, melody, bars, likeness), bars));
  phrases::Letters letters(bars);
  const auto beat_of = [&](int bar) {
    return bar < std::ssize(bars) ? analysis.bars[as_index(bar)].first_beat : static_cast<int>(analysis.beats.size());
  };
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    PhraseSpan phrase{beat_span(analysis, beat_of(cuts[i]), beat_of(cuts[i + 1]))};
    phrase.first_bar = cuts[i];
    phrase.end_bar = cuts[i + 1];
    double sung = 0;
    for (int bar = cuts[i]; bar < cuts[i + 1]; ++bar) sung += bars[as_index(bar)].sung;
    phrase.melody = sung > 0.2 * phrase.bars();
    const bool first = i == 0, last = i + 2 == cuts.size();
    phrase.letter = phrase.melody || (!first && !last) ? letters.letter_of(phrase) : first ? 'i' : 'o';
    analysis.phrases.push_back(phrase);
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
