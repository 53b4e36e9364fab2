// Definitions of suffix_automaton.hpp.
#pragma once

#include <algorithm>
#include <utility>

#include "suffix_automaton.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// The position of a symbol's edge in edges sorted by symbol, or where it would be.
auto edge_of(auto& edges, std::uint32_t symbol) {
  return std::lower_bound(edges.begin(), edges.end(), symbol, [](const auto& e, auto s) { return e.symbol < s; });
}

}  // namespace detail

MUSICGEN_INLINE SuffixAutomaton::SuffixAutomaton(std::span<const std::vector<Symbol>> strings)
    : states_(1), ends_(strings.size()) {
  for (std::size_t i = 0; i < strings.size(); ++i) {
    std::int32_t last = root;
    ends_[i].reserve(strings[i].size());
    for (const Symbol symbol : strings[i]) ends_[i].push_back(last = append(last, symbol));
  }
  seen_.resize(states_.size());
}

MUSICGEN_INLINE void SuffixAutomaton::read(std::span<const Symbol> string, std::int32_t number) {
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

MUSICGEN_INLINE std::vector<std::vector<Match>> SuffixAutomaton::matches() const {
  // A state stands for substrings that end at the same places, its link for shorter suffixes of them. So what matches a
  // state matches its link, whole; a state without a match may have its link's.
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

MUSICGEN_INLINE std::int32_t SuffixAutomaton::step(std::int32_t state, Symbol symbol) const {
  const auto& edges = at(state).edges;
  const auto found = detail::edge_of(edges, symbol);
  return found != edges.end() && found->symbol == symbol ? found->to : none;
}

MUSICGEN_INLINE void SuffixAutomaton::set_step(std::int32_t state, Symbol symbol, std::int32_t to) {
  auto& edges = at(state).edges;
  const auto found = detail::edge_of(edges, symbol);
  if (found != edges.end() && found->symbol == symbol)
    found->to = to;
  else
    edges.insert(found, {symbol, to});
}

MUSICGEN_INLINE std::int32_t SuffixAutomaton::add(State state) {
  states_.push_back(std::move(state));
  return static_cast<std::int32_t>(states_.size()) - 1;
}

MUSICGEN_INLINE std::int32_t SuffixAutomaton::append(std::int32_t last, Symbol symbol) {
  // An earlier string may have added this state.
  if (const std::int32_t there = step(last, symbol); there != none) return split(last, symbol, there);
  const std::int32_t added = add({at(last).length + 1});
  std::int32_t state = last;
  for (; state != none && step(state, symbol) == none; state = at(state).link) set_step(state, symbol, added);
  const std::int32_t link = state == none ? root : split(state, symbol, step(state, symbol));
  at(added).link = link;
  return added;
}

MUSICGEN_INLINE std::int32_t SuffixAutomaton::split(std::int32_t from, Symbol symbol, std::int32_t to) {
  if (at(to).length == at(from).length + 1) return to;
  const std::int32_t copy = add({at(from).length + 1, at(to).link, at(to).edges});
  at(to).link = copy;
  for (; from != none && step(from, symbol) == to; from = at(from).link) set_step(from, symbol, copy);
  return copy;
}

MUSICGEN_INLINE std::vector<std::int32_t> SuffixAutomaton::by_length() const {
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

}  // namespace musicgen::inline MUSICGEN_ABI
