// Internal: the likeliest sequence of states that tend to last.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Viterbi's algorithm for a hidden Markov model in which all changes of state are equally likely: the sequence s that
/// maximizes sum_t scores[t][s_t] - sum over changes of price(t). Ties keep the state, or take the first one.
/// @param scores  log-likelihood of each state at each time, up to a constant for each time
/// @param price   of a change between t - 1 and t
template <std::size_t States, class Price>
std::vector<std::uint8_t> likeliest_states(const std::vector<std::array<double, States>>& scores, const Price& price) {
  static_assert(States < 256);
  if (scores.empty()) return {};
  std::array<double, States> best = scores[0];
  std::vector<std::array<std::uint8_t, States>> came_from(scores.size());
  for (std::size_t t = 1; t < scores.size(); ++t) {
    const auto leader = static_cast<std::size_t>(std::max_element(best.begin(), best.end()) - best.begin());
    const double changed = best[leader] - price(t);
    for (std::size_t s = 0; s < States; ++s) {
      const bool stays = best[s] >= changed;
      came_from[t][s] = static_cast<std::uint8_t>(stays ? s : leader);
      best[s] = (stays ? best[s] : changed) + scores[t][s];
    }
  }
  std::vector<std::uint8_t> states(scores.size());
  auto state = static_cast<std::uint8_t>(std::max_element(best.begin(), best.end()) - best.begin());
  for (std::size_t t = scores.size(); t-- > 0;) {
    states[t] = state;
    state = came_from[t][state];
  }
  return states;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
