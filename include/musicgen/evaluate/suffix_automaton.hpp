// What some strings have in common with others: the longest common substring that ends at each of their symbols.
//
// The strings asked about go into a suffix automaton (Blumer et al., "The smallest automaton recognizing the subwords
// of a text", Theoretical Computer Science 40, 1985), which accepts every substring of each. The others, however many,
// are read through it one after the other and need not be kept: memory is proportional to the strings asked about, time
// to everything read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Of a position: the longest substring ending there that occurs in a string read, and where it ends in that one.
struct Match {
  std::int32_t length = 0;  ///< symbols; 0: the symbol does not occur
  std::int32_t string = 0;  ///< number of the string read, as read() was told
  std::int32_t end = 0;     ///< position after its last symbol there
  bool operator==(const Match&) const = default;
};

class SuffixAutomaton {
 public:
  using Symbol = std::uint32_t;

  /// @param strings  to ask about; any may be empty
  explicit SuffixAutomaton(std::span<const std::vector<Symbol>> strings) : states_(1), ends_(strings.size()) {
    for (std::size_t i = 0; i < strings.size(); ++i) {
      std::int32_t last = root;
      ends_[i].reserve(strings[i].size());
      for (const Symbol symbol : strings[i]) ends_[i].push_back(last = append(last, symbol));
    }
    seen_.resize(states_.size());
  }

  /// Looks for what `string` shares with the strings asked about. Where it is no longer than what an earlier one
  /// shares, the earlier one is remembered.
  void read(std::span<const Symbol> string, std::int32_t number) {
    std::int32_t state = root, length = 0;
    for (std::size_t i = 0; i < string.size(); ++i) {
      std::int32_t next = step(state, string[i]);
      while (next == none && state != root) {
        state = at(state).link;
        length = at(state).length;
        next = step(state, string[i]);
      }
      if (next == none) continue;
      state = next;
      ++length;
      if (Match& best = seen_[static_cast<std::size_t>(state)]; best.length < length)
        best = {length, number, static_cast<std::int32_t>(i) + 1};
    }
  }

  /// For each string asked about, the match at each of its positions, over all that was read.
  std::vector<std::vector<Match>> matches() const {
    // A state stands for the substrings that end at the same places, its link for shorter ends of these: what a state
    // has seen its link has seen, whole; what it has not, its link may have.
    std::vector<Match> best = seen_;
    const std::vector<std::int32_t> order = by_length();
    for (std::size_t i = order.size(); i-- > 1;) {  // order[0] is the root
      const Match& match = best[static_cast<std::size_t>(order[i])];
      if (match.length == 0) continue;
      const std::int32_t link = at(order[i]).link, whole = at(link).length;
      if (Match& shorter = best[static_cast<std::size_t>(link)]; shorter.length < whole)
        shorter = {whole, match.string, match.end};
    }
    for (const std::int32_t state : order)
      if (Match& match = best[static_cast<std::size_t>(state)]; state != root && match.length == 0)
        match = best[static_cast<std::size_t>(at(state).link)];

    std::vector<std::vector<Match>> all;
    for (const auto& ends : ends_) {
      auto& of_string = all.emplace_back();
      for (const std::int32_t state : ends) of_string.push_back(best[static_cast<std::size_t>(state)]);
    }
    return all;
  }

  std::size_t states() const { return states_.size(); }

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

  static auto edge(auto& edges, Symbol symbol) {
    return std::lower_bound(edges.begin(), edges.end(), symbol, [](const Edge& e, Symbol s) { return e.symbol < s; });
  }
  std::int32_t step(std::int32_t state, Symbol symbol) const {
    const auto& edges = at(state).edges;
    const auto found = edge(edges, symbol);
    return found != edges.end() && found->symbol == symbol ? found->to : none;
  }
  void set_step(std::int32_t state, Symbol symbol, std::int32_t to) {
    auto& edges = at(state).edges;
    const auto found = edge(edges, symbol);
    if (found != edges.end() && found->symbol == symbol)
      found->to = to;
    else
      edges.insert(found, {symbol, to});
  }

  std::int32_t add(State state) {
    states_.push_back(std::move(state));
    return static_cast<std::int32_t>(states_.size()) - 1;
  }

  /// The state of the string that `last` stands for and `symbol` together.
  std::int32_t append(std::int32_t last, Symbol symbol) {
    // An earlier string may have got there before.
    if (const std::int32_t there = step(last, symbol); there != none) return split(last, symbol, there);
    const std::int32_t added = add({at(last).length + 1});
    std::int32_t state = last;
    for (; state != none && step(state, symbol) == none; state = at(state).link) set_step(state, symbol, added);
    const std::int32_t link = state == none ? root : split(state, symbol, step(state, symbol));
    at(added).link = link;
    return added;
  }

  /// The state that stands for what `from` stands for and `symbol`, of which `to` may stand for more: then a copy of
  /// `to` takes over the shorter ones.
  std::int32_t split(std::int32_t from, Symbol symbol, std::int32_t to) {
    if (at(to).length == at(from).length + 1) return to;
    const std::int32_t copy = add({at(from).length + 1, at(to).link, at(to).edges});
    at(to).link = copy;
    for (; from != none && step(from, symbol) == to; from = at(from).link) set_step(from, symbol, copy);
    return copy;
  }

  /// All states, those of short substrings first.
  std::vector<std::int32_t> by_length() const {
    std::int32_t longest = 0;
    for (const State& state : states_) longest = std::max(longest, state.length);
    std::vector<std::size_t> place(static_cast<std::size_t>(longest) + 2);
    for (const State& state : states_) ++place[static_cast<std::size_t>(state.length) + 1];
    for (std::size_t i = 1; i < place.size(); ++i) place[i] += place[i - 1];
    std::vector<std::int32_t> order(states_.size());
    for (std::size_t i = 0; i < states_.size(); ++i)
      order[place[static_cast<std::size_t>(states_[i].length)]++] = static_cast<std::int32_t>(i);
    return order;
  }

  std::vector<State> states_;
  std::vector<std::vector<std::int32_t>> ends_;  // of each string, the state of each of its beginnings
  std::vector<Match> seen_;                      // by state, what read() has found
};

}  // namespace musicgen::inline MUSICGEN_ABI
