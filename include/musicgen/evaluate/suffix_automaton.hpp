// What some strings, the queries, have in common with others: the longest common substring that ends at each of their
// symbols.
//
// The queries go into a suffix automaton (Blumer et al., "The smallest automaton recognizing the subwords of a text",
// Theoretical Computer Science 40, 1985), which accepts every substring of each. The others, however many, are read
// through it one after the other and need not be kept: memory is proportional to the queries, time to everything read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// At a position of a query: the longest substring ending there that occurs in a string read, and where it ends in that
/// string.
struct Match {
  std::int32_t length = 0;  ///< symbols; 0: the symbol does not occur
  std::int32_t string = 0;  ///< number of the string read, as given to read()
  std::int32_t end = 0;     ///< position after its last symbol there
  bool operator==(const Match&) const = default;
};

/// Thread safety: threads may share a const one; read() needs it to itself.
class SuffixAutomaton {
 public:
  using Symbol = std::uint32_t;

  /// @param strings  the queries, under 2^30 symbols in all; any may be empty
  explicit SuffixAutomaton(std::span<const std::vector<Symbol>> strings);

  /// Finds what `string` shares with the queries. Of equally long matches the first one read is kept.
  void read(std::span<const Symbol> string, std::int32_t number);

  /// For each query, the match at each of its positions, over all that was read.
  [[nodiscard]] std::vector<std::vector<Match>> matches() const;

  /// The number of states: at most two per symbol.
  [[nodiscard]] std::size_t states() const { return states_.size(); }

 private:
  static constexpr std::int32_t root = 0, none = -1;

  struct Edge {
    Symbol symbol;
    std::int32_t to;
  };
  struct State {
    std::int32_t length = 0;  // of the longest substring that it stands for
    std::int32_t link = none;
    std::vector<Edge> edges{};  // by symbol
  };

  State& at(std::int32_t state) { return states_[static_cast<std::size_t>(state)]; }
  const State& at(std::int32_t state) const { return states_[static_cast<std::size_t>(state)]; }

  std::int32_t step(std::int32_t state, Symbol symbol) const;
  void set_step(std::int32_t state, Symbol symbol, std::int32_t to);
  std::int32_t add(State state);
  /// The state for the string of `last` followed by `symbol`.
  std::int32_t append(std::int32_t last, Symbol symbol);
  /// The state for the strings of `from` followed by `symbol`. `to` may stand for longer ones, too: then a copy of `to`
  /// takes over the shorter ones.
  std::int32_t split(std::int32_t from, Symbol symbol, std::int32_t to);
  /// All states, those of the shortest substrings first.
  std::vector<std::int32_t> by_length() const;

  std::vector<State> states_;
  std::vector<std::vector<std::int32_t>> ends_;  // for each query, the state of each of its prefixes
  std::vector<Match> seen_;                      // by state, what read() has found
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "suffix_automaton.ipp"
#endif
