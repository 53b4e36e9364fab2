// From logits to a token, after all processors.
//
//   p   = softmax(x / temperature)                   temperature 0: the largest x alone
//   top-k: the k most probable                       (Fan et al. 2018)
//   top-p: the fewest whose probabilities reach top_p   (nucleus sampling, Holtzman et al. 2020)
//   min-p: those with at least min_p times the largest  (Nguyen et al. 2024)
//
// Each works on what the one before left. Then one random number picks the token, by inverse distribution in the order
// of the vocabulary.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../core/random.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct ChoiceOptions {
  float temperature = 1;  ///< 0: always the most probable
  int top_k = 0;          ///< 0: all
  float top_p = 1;        ///< 1: all
  float min_p = 0;        ///< 0: all
};

/// Chooses tokens, in memory of its own. For one thread at a time.
class TokenSampler {
 public:
  explicit TokenSampler(int vocabulary_size) : order_(static_cast<std::size_t>(vocabulary_size)) {}

  /// @param logits  (V), -infinity: never, but at least one is larger. Overwritten by probabilities, the largest of
  ///                which is 1
  [[nodiscard]] Token choose(std::span<double> logits, const ChoiceOptions& options, Random& random);

 private:
  void truncate(std::span<double> p, const ChoiceOptions& options);

  std::vector<std::uint32_t> order_;
};

/// log sum e^x, the logarithm of the denominator of softmax.
/// @throws Error  if one is not finite
[[nodiscard]] double log_sum_exp(std::span<const double> logits);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "token_sampler.ipp"
#endif
