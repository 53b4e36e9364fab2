// Internal: finds the metre: how many beats a bar has, and which beat is its first.
//
// A hidden Markov model of the place in the bar (after Klapuri, Eronen and Astola, "Analysis of the meter of acoustic
// musical signals", 2006, and Temperley, "Music and Probability", 2007). State p in 0..m-1 is the place of a beat in a
// bar of m beats. It goes to p+1, from m-1 to 0, and at a price to 0 early, which makes a short bar. The accents x of a
// beat predict its place by a log-linear model, P(p | x) = exp(w_p . x) / sum_q exp(w_q . x). With all places equally
// likely a priori, the log-likelihood ratio of a bar structure against none is sum_t log(m P(p_t | x_t)). Viterbi's
// algorithm finds the best structure for each m, and the best m wins.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "accents.hpp"
#include "analysis.hpp"
#include "spans.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Which beats are downbeats, for some metre.
struct BarLines {
  double evidence = 0;  // log-likelihood ratio
  std::vector<bool> downbeat{};
};

class MeterModel {
 public:
  /// @param notated  the beats at which bars begin according to the file; empty if it does not say
  MeterModel(const std::vector<Accents>& accents, std::vector<bool> notated)
      : accents_(accents), notated_(std::move(notated)) {}

  /// The likeliest bars of `m` beats, 3..7.
  BarLines bar_lines(int m) const {
    const auto places = static_cast<std::size_t>(m);
    const auto weights = weights_of(places);
    std::vector<double> best(places, 0), next(places);
    std::vector<std::size_t> first(places),
        next_first(places);  // place of the first beat on the best path to each place
    std::vector<std::uint8_t> came_from(accents_.size() * places);
    for (std::size_t t = 0; t < accents_.size(); ++t) {
      const std::vector<double> gains = gains_at(t, weights);
      std::size_t last = places - 1;  // place of the beat before, if a bar begins here
      for (std::size_t p = 0; p < places; ++p)
        if (best[p] - price(p, places) > best[last] - price(last, places)) last = p;
      next[0] = (t == 0 ? 0 : best[last] - price(last, places)) + gains[0];
      came_from[t * places] = static_cast<std::uint8_t>(last);
      next_first[0] = t == 0 ? 0 : first[last];
      for (std::size_t p = 1; p < places; ++p) {
        next[p] = (t == 0 ? 0 : best[p - 1]) + gains[p];
        came_from[t * places + p] = static_cast<std::uint8_t>(p - 1);
        next_first[p] = t == 0 ? p : first[p - 1];
      }
      best.swap(next);
      first.swap(next_first);
    }
    std::size_t place = last_place(best, first);
    BarLines lines{best[place], std::vector<bool>(accents_.size())};
    for (std::size_t t = accents_.size(); t-- > 0;) {
      lines.downbeat[t] = place == 0;
      place = came_from[t * places + place];
    }
    return lines;
  }

  /// By how much evidence must exceed other evidence: less may be rounding errors.
  static constexpr double margin = 1e-6;

 private:
  /// The likeliest place of the last beat; of equally likely ones the one with the earliest downbeat.
  static std::size_t last_place(const std::vector<double>& best, const std::vector<std::size_t>& first) {
    const double most = *std::max_element(best.begin(), best.end());
    const auto upbeat = [&](std::size_t p) { return (best.size() - first[p]) % best.size(); };
    std::size_t place = best.size();
    for (std::size_t p = 0; p < best.size(); ++p)
      if (best[p] >= most - margin && (place == best.size() || upbeat(p) < upbeat(place))) place = p;
    return place;
  }

  /// Weights of the places in a bar of four, fitted to POP909 where its annotators agree: docs/analysis.md.
  static constexpr std::array<Accents, 4> weights_of_four{
      {{0.39, -0.24, 0.17, 0.23, 0.88, -0.03, 0.73, -0.55, 0.08, 0.33, 0.38},
       {-0.59, 0.34, 0.00, -0.22, -0.81, 0.03, -0.03, 0.23, -0.18, 0.05, -0.19},
       {0.69, -1.04, -0.18, 0.04, 0.68, -0.27, -0.01, 0.03, 0.29, -0.59, 0.20},
       {-0.49, 0.94, 0.00, -0.05, -0.76, 0.28, -0.69, 0.29, -0.19, 0.20, -0.40}}};
  static constexpr double notated_gain = 0.1;  ///< the file decides where notes say little

  /// Other metres use the same accents: a strong first beat and weak other beats.
  static std::vector<Accents> weights_of(std::size_t places) {
    if (places == 4) return {weights_of_four.begin(), weights_of_four.end()};
    Accents weak{};
    for (std::size_t k = 0; k < accents::accent_count; ++k)
      weak[k] = (weights_of_four[1][k] + weights_of_four[3][k]) / 2;
    std::vector<Accents> all(places, weak);
    all[0] = weights_of_four[0];
    return all;
  }

  /// The price of a bar that ends after place p: half bars are likelier than other short bars.
  static double price(std::size_t p, std::size_t places) {
    if (p + 1 == places) return 0;
    return 2 * (p + 1) == places ? 16 : 24;
  }

  std::vector<double> gains_at(std::size_t t, const std::vector<Accents>& weights) const {
    std::vector<double> gains(weights.size(), 0);
    double sum = 0;
    for (std::size_t p = 0; p < weights.size(); ++p) {
      for (std::size_t k = 0; k < accents::accent_count; ++k) gains[p] += weights[p][k] * accents_[t][k];
      sum += std::exp(gains[p]);
    }
    for (double& gain : gains) gain += std::log(static_cast<double>(gains.size()) / sum);
    if (!notated_.empty() && notated_[t]) gains[0] += notated_gain;
    return gains;
  }

  const std::vector<Accents>& accents_;
  std::vector<bool> notated_;
};

/// The quarter notes in a bar of the file's metre: 4 for 4/4, 3 for 6/8; 0 if that is not a whole number from 3 to 7.
/// 2/4 gives 0, and is taken for 4/4, since most files that say 2/4 do not mean it.
inline int notated_beats(const TimeSignature& signature) {
  const int fourfold = 4 * signature.numerator, quarters = fourfold / signature.denominator;
  return fourfold % signature.denominator == 0 && quarters >= 3 && quarters <= 7 ? quarters : 0;
}

/// The file's signatures, without impossible ones such as 4/0.
inline std::vector<TimeSignature> possible_signatures(const Score& score) {
  std::vector<TimeSignature> possible;
  for (const TimeSignature& signature : score.time_signatures)
    if (signature.numerator >= 1 && signature.numerator <= 255 && signature.denominator >= 1)
      possible.push_back(signature);
  return possible;
}

/// Where bars begin according to the file; empty if it has no time signatures, or if beats are not on its quarters.
inline std::vector<bool> notated_bars(const Analysis& analysis, const std::vector<TimeSignature>& signatures,
                                      std::int64_t division) {
  std::vector<bool> begins(analysis.beats.size());
  std::size_t next = 0;
  std::int64_t start = 0, bar = 0;  // of the signature in force, in ticks
  if (signatures.empty()) return {};
  for (std::size_t i = 0; i < begins.size(); ++i) {
    const std::int64_t tick = analysis.beats[i].tick;
    for (; next < signatures.size() && signatures[next].tick <= tick; ++next) {
      start = signatures[next].tick;
      bar = notated_beats(signatures[next]) * division;
    }
    const std::int64_t offset = ((tick - start) % division + division) % division;
    if (24 * std::min(offset, division - offset) > division) return {};
    begins[i] = bar > 0 && tick >= start - division / 24 && (tick - start + division / 24) % bar <= division / 12;
  }
  return begins;
}

/// Groups the beats into bars of one metre.
inline void find_bars(Analysis& analysis, const std::vector<Accents>& accents, const Score& score) {
  const std::vector<TimeSignature> signatures = possible_signatures(score);
  const MeterModel model(accents, notated_bars(analysis, signatures, score.tempo.division()));
  std::vector<int> candidates{4, 3};
  for (const TimeSignature& signature : signatures)
    if (const int beats = notated_beats(signature);
        beats > 0 && std::find(candidates.begin(), candidates.end(), beats) == candidates.end())
      candidates.push_back(beats);
  BarLines best;
  Meter meter;
  for (const int beats : candidates) {
    BarLines lines = model.bar_lines(beats);
    if (!best.downbeat.empty() && lines.evidence <= best.evidence + MeterModel::margin) continue;
    best = std::move(lines);
    meter = {beats, 4};
  }
  set_bars(analysis, best.downbeat, meter);
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
