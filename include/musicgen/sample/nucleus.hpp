// The most probable tokens that together have a given share of the probability. Internal.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Orders tokens from the most probable to the least; equal ones as in the vocabulary.
inline auto more_probable(std::span<const double> p) {
  return [p](std::uint32_t a, std::uint32_t b) { return p[a] != p[b] ? p[a] > p[b] : a < b; };
}

/// Moves the fewest tokens whose probabilities `p` reach `top_p` of the total to the front; returns where they end.
/// Halves the range in question instead of sorting it.
template <class Iterator>
Iterator nucleus(Iterator begin, Iterator end, std::span<const double> p, double top_p) {
  const auto sum_of = [&](Iterator from, Iterator to) {
    return std::accumulate(from, to, 0.0, [&](double sum, std::uint32_t v) { return sum + p[v]; });
  };
  const double total = sum_of(begin, end), wanted = top_p * total;
  // Tokens so improbable that even all of them together are not needed.
  const double negligible = (1 - top_p) * total / static_cast<double>(end - begin);
  end = std::partition(begin, end, [&](std::uint32_t v) { return p[v] >= negligible; });
  Iterator first = begin;  // all tokens before are in, all from `end` on are out
  for (double sum = 0; end - first > 1;) {
    const Iterator middle = first + (end - first) / 2;
    std::nth_element(first, middle, end, more_probable(p));
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

}  // namespace musicgen::inline MUSICGEN_ABI::detail
