// From logits to the next token.
//
//   x_v = logit_v + bias_v, tokens that may not come left out
//   p   = softmax(x / temperature)                   temperature 0: the largest x alone
//   top-k: the k most probable                       (Fan et al. 2018)
//   top-p: the fewest whose probabilities reach top_p   (nucleus sampling, Holtzman et al. 2020)
//   min-p: those with at least min_p of the largest  (Nguyen et al. 2024)
//
// each on what the one before left. One number drawn, by inverse distribution in the order of the vocabulary.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "../core/error.hpp"
#include "../core/random.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen {

struct ChooseOptions {
  float temperature = 1;  ///< 0: always the most probable
  int top_k = 0;          ///< 0: all
  float top_p = 1;        ///< 1: all
  float min_p = 0;        ///< 0: all
};

struct Choice {
  Token token;
  double log_probability;  ///< of the token under softmax(logits): the model's own, nothing masked or sharpened
};

/// Chooses tokens; holds the memory that this takes.
class Chooser {
 public:
  explicit Chooser(int vocabulary_size)
      : probabilities_(static_cast<std::size_t>(vocabulary_size)), order_(static_cast<std::size_t>(vocabulary_size)) {}

  /// @param logits   (V) of the model
  /// @param bias     (V) added to the logits, -infinity: never, infinity: before all others; or empty
  /// @param allowed  (V) 0: may not come; or empty. If the bias forbids all that is allowed, it does not count.
  /// @throws Error   if a logit is not finite
  template <class Scalar>
  Choice choose(std::span<const Scalar> logits, std::span<const float> bias, std::span<const std::uint8_t> allowed,
                const ChooseOptions& options, Random& random) {
    const double log_sum = log_sum_exp(logits);
    fill(logits, bias, allowed);
    if (!(*std::max_element(probabilities_.begin(), probabilities_.end()) > -infinity)) fill(logits, {}, allowed);
    const auto best = std::max_element(probabilities_.begin(), probabilities_.end());
    std::size_t token = static_cast<std::size_t>(best - probabilities_.begin());
    if (options.temperature > 0) {
      const double largest = *best;
      for (double& p : probabilities_) p = std::exp((p - largest) / static_cast<double>(options.temperature));
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

  /// Sets to 0 what top-k, top-p and min-p leave out. Probabilities need not sum to 1; the largest is 1.
  void truncate(const ChooseOptions& options) {
    std::size_t kept = probabilities_.size();
    if (options.top_k > 0 || options.top_p < 1) {
      std::iota(order_.begin(), order_.end(), 0);
      std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
        return probabilities_[a] != probabilities_[b] ? probabilities_[a] > probabilities_[b] : a < b;
      });
      if (options.top_k > 0) kept = std::min(kept, static_cast<std::size_t>(options.top_k));
      if (options.top_p < 1) {
        double total = 0, sum = 0;
        for (std::size_t i = 0; i < kept; ++i) total += probabilities_[order_[i]];
        std::size_t i = 0;
        while (i < kept && sum < static_cast<double>(options.top_p) * total) sum += probabilities_[order_[i++]];
        kept = std::max<std::size_t>(i, 1);
      }
      for (std::size_t i = kept; i < order_.size(); ++i) probabilities_[order_[i]] = 0;
    }
    if (options.min_p > 0)
      for (double& p : probabilities_)
        if (p < static_cast<double>(options.min_p)) p = 0;
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
  std::vector<std::uint32_t> order_;
};

}  // namespace musicgen
