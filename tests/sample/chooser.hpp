// A second implementation of the choice of a token, to check the library's against: the rules of
// sample/token_sampler.hpp and, over any tokens, of sample/processors/pitch_sampling.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <musicgen/core/random.hpp>
#include <musicgen/tokens/vocabulary.hpp>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace musicgen::test {

struct ChoiceOptions {
  float temperature = 1;        ///< over 0
  int top_k = 0;                ///< 0: all
  float top_p = 1;              ///< 1: all
  float min_p = 0;              ///< 0: all
  float pitch_temperature = 1;  ///< over 0
  float pitch_top_p = 1;        ///< 1: all
  float pitch_min_p = 0;        ///< 0: all
};

/// Chooses tokens, in memory of its own.
class Chooser {
 public:
  /// @param pitches  the tokens that pitch temperature, top-p and min-p apply to, each once
  explicit Chooser(int vocabulary_size, std::vector<std::uint32_t> pitches)
      : probabilities_(static_cast<std::size_t>(vocabulary_size)),
        order_(static_cast<std::size_t>(vocabulary_size)),
        pitches_(std::move(pitches)) {}

  /// @param logits   (V) of the model
  /// @param allowed  (V) 0: may not come
  Token choose(std::span<const double> logits, std::span<const std::uint8_t> allowed, const ChoiceOptions& options,
               Random& random) {
    for (std::size_t v = 0; v < logits.size(); ++v) probabilities_[v] = allowed[v] ? logits[v] : -infinity;
    shape_pitches(options);
    const auto best = std::max_element(probabilities_.begin(), probabilities_.end());
    const double largest = *best;
    for (double& p : probabilities_)
      p = p == -infinity ? 0 : std::exp((p - largest) / static_cast<double>(options.temperature));
    truncate(options);
    return static_cast<Token>(draw(random.uniform()));
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  /// Changes the logits of note-ons as pitch_sampling.hpp says.
  void shape_pitches(const ChoiceOptions& options) {
    if (options.pitch_temperature == 1 && options.pitch_top_p == 1 && options.pitch_min_p == 0) return;
    double largest = -infinity, all = 0, kept = 0;
    for (const std::uint32_t v : pitches_) largest = std::max(largest, probabilities_[v]);
    if (largest == -infinity) return;
    auto end = order_.begin();
    for (const std::uint32_t v : pitches_) {
      const double x = probabilities_[v] - largest;
      all += std::exp(x);
      probabilities_[v] = std::exp(x / static_cast<double>(options.pitch_temperature));
      if (probabilities_[v] > 0) *end++ = v;
    }
    if (options.pitch_top_p < 1)
      for (auto cut = nucleus(order_.begin(), end, static_cast<double>(options.pitch_top_p)); cut != end; ++cut)
        probabilities_[*cut] = 0;
    for (const std::uint32_t v : pitches_) {
      if (probabilities_[v] < static_cast<double>(options.pitch_min_p)) probabilities_[v] = 0;
      kept += probabilities_[v];
    }
    for (const std::uint32_t v : pitches_) probabilities_[v] = largest + std::log(probabilities_[v] * (all / kept));
  }

  auto more_probable() const {
    return [this](std::uint32_t a, std::uint32_t b) {
      return probabilities_[a] != probabilities_[b] ? probabilities_[a] > probabilities_[b] : a < b;
    };
  }

  /// Sets to 0 what top-k, top-p and min-p exclude. Probabilities need not sum to 1; the largest is 1.
  void truncate(const ChoiceOptions& options) {
    if (options.top_k > 0 || options.top_p < 1) {
      const auto begin = order_.begin();
      auto end = begin;
      for (std::uint32_t v = 0; v < probabilities_.size(); ++v)
        if (probabilities_[v] > 0) *end++ = v;
      auto kept = end;
      if (options.top_k > 0 && options.top_k < end - begin) {
        kept = begin + options.top_k;
        std::nth_element(begin, kept, end, more_probable());
      }
      if (options.top_p < 1) kept = nucleus(begin, kept, static_cast<double>(options.top_p));
      for (; kept != end; ++kept) probabilities_[*kept] = 0;
    }
    if (options.min_p > 0)
      for (double& p : probabilities_)
        if (p < static_cast<double>(options.min_p)) p = 0;
  }

  using Tokens = std::vector<std::uint32_t>::iterator;

  /// Moves the fewest tokens whose probabilities reach `top_p` of the total to the front; returns where they end. By
  /// sorting, unlike the library.
  Tokens nucleus(Tokens begin, Tokens end, double top_p) const {
    std::sort(begin, end, more_probable());
    double wanted = 0, sum = 0;
    for (Tokens v = begin; v != end; ++v) wanted += top_p * probabilities_[*v];
    Tokens kept = begin;
    while (kept != end && sum < wanted) sum += probabilities_[*kept++];
    return kept;
  }

  std::size_t draw(double uniform) const {
    double rest = uniform * std::accumulate(probabilities_.begin(), probabilities_.end(), 0.0);
    std::size_t last = 0;
    for (std::size_t v = 0; v < probabilities_.size(); ++v) {
      if (probabilities_[v] == 0) continue;
      last = v;
      rest -= probabilities_[v];
      if (rest < 0) break;
    }
    return last;  // rounding may leave a remainder: then the last possible token
  }

  std::vector<double> probabilities_;
  std::vector<std::uint32_t> order_, pitches_;
};

}  // namespace musicgen::test
