// How a token is chosen, once more and in another way: the rules of sample/token_sampler.hpp and
// sample/processors/pitch_sampling.hpp over any tokens, with a bias and a mask, to hold those against.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <musicgen/core/error.hpp>
#include <musicgen/core/random.hpp>
#include <musicgen/tokens/vocabulary.hpp>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace musicgen::test {

struct ChoiceOptions {
  float temperature = 1;        ///< 0: always the most probable
  int top_k = 0;                ///< 0: all
  float top_p = 1;              ///< 1: all
  float min_p = 0;              ///< 0: all
  float pitch_temperature = 1;  ///< over 0
  float pitch_top_p = 1;        ///< 1: all
  float pitch_min_p = 0;        ///< 0: all
};

struct Choice {
  Token token;
  double log_probability;  ///< of the token under softmax(logits): the model's own, nothing masked or sharpened
};

/// Chooses tokens; holds the memory that this takes.
class Chooser {
 public:
  /// @param pitches  the tokens that pitch temperature, top-p and min-p are for, each once
  explicit Chooser(int vocabulary_size, std::vector<std::uint32_t> pitches = {})
      : probabilities_(static_cast<std::size_t>(vocabulary_size)),
        order_(static_cast<std::size_t>(vocabulary_size)),
        pitches_(std::move(pitches)) {}

  const std::vector<std::uint32_t>& pitches() const { return pitches_; }

  /// @param logits   (V) of the model
  /// @param bias     (V) added to the logits, -infinity: never, infinity: before all others; or empty
  /// @param allowed  (V) 0: may not come; or empty. If the bias forbids all that is allowed, it does not count.
  /// @throws Error   if a logit is not finite
  template <class Scalar>
  Choice choose(std::span<const Scalar> logits, std::span<const float> bias, std::span<const std::uint8_t> allowed,
                const ChoiceOptions& options, Random& random) {
    const double log_sum = log_sum_exp(logits);
    fill(logits, bias, allowed);
    if (!(*std::max_element(probabilities_.begin(), probabilities_.end()) > -infinity)) fill(logits, {}, allowed);
    shape_pitches(options);
    const auto best = std::max_element(probabilities_.begin(), probabilities_.end());
    std::size_t token = static_cast<std::size_t>(best - probabilities_.begin());
    if (options.temperature > 0) {
      const double largest = *best;
      for (double& p : probabilities_)
        p = p == -infinity ? 0 : std::exp((p - largest) / static_cast<double>(options.temperature));
      truncate(options);
      token = draw(random.uniform());
    }
    return {static_cast<Token>(token), static_cast<double>(logits[token]) - log_sum};
  }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();

  template <class Scalar>
  static double log_sum_exp(std::span<const Scalar> x) {
    const double max = static_cast<double>(*std::max_element(x.begin(), x.end()));
    double sum = 0;
    for (const Scalar v : x) {
      if (!std::isfinite(v)) throw Error("the model's logits are not finite");
      sum += std::exp(static_cast<double>(v) - max);
    }
    return max + std::log(sum);
  }

  template <class Scalar>
  void fill(std::span<const Scalar> logits, std::span<const float> bias, std::span<const std::uint8_t> allowed) {
    for (std::size_t v = 0; v < logits.size(); ++v) {
      const double x = static_cast<double>(logits[v]) + (bias.empty() ? 0.0 : static_cast<double>(bias[v]));
      const bool may_come = (allowed.empty() || allowed[v]) && !std::isnan(x);
      probabilities_[v] = may_come ? std::min(x, std::numeric_limits<double>::max()) : -infinity;
    }
  }

  /// x of note-ons as the head of this file has it.
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

  /// Sets to 0 what top-k, top-p and min-p leave out. Probabilities need not sum to 1; the largest is 1.
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

  /// Puts the fewest tokens whose probabilities reach `top_p` of all into the front; returns where they end. Halves
  /// what is in question instead of sorting it.
  Tokens nucleus(Tokens begin, Tokens end, double top_p) const {
    const auto sum_of = [&](Tokens from, Tokens to) {
      return std::accumulate(from, to, 0.0, [&](double sum, std::uint32_t v) { return sum + probabilities_[v]; });
    };
    const double total = sum_of(begin, end), wanted = top_p * total;
    // So improbable that all of them together are not needed.
    const double negligible = (1 - top_p) * total / static_cast<double>(end - begin);
    end = std::partition(begin, end, [&](std::uint32_t v) { return probabilities_[v] >= negligible; });
    Tokens first = begin;  // all before are in, all from `end` on are out
    for (double sum = 0; end - first > 1;) {
      const Tokens middle = first + (end - first) / 2;
      std::nth_element(first, middle, end, more_probable());
      const double more = sum + sum_of(first, middle);
      if (more >= wanted) {
        end = middle;
      } else {
        first = middle;
        sum = more;
      }
    }
    return end;
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
    return last;  // rounding may leave a rest: then the last possible one
  }

  std::vector<double> probabilities_;
  std::vector<std::uint32_t> order_, pitches_;
};

}  // namespace musicgen::test
