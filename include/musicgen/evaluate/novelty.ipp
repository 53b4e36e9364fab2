// Definitions of novelty.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "../core/thread_pool.hpp"
#include "excerpts.hpp"
#include "novelty.hpp"
#include "suffix_automaton.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// A song as symbols, and the points before, between and after them: one more than there are symbols, unless there is
/// nothing at all.
struct SymbolString {
  struct Point {
    std::int32_t step, notes, pitch;  // time; notes begun so far; its pitch, if it is a note
  };
  std::vector<SuffixAutomaton::Symbol> symbols;
  std::vector<Point> points;
};

inline SymbolString token_symbols(const Song& song, const Vocabulary& vocabulary) {
  SymbolString s{{}, {{0, 0, 0}}};
  SymbolString::Point now{0, 0, 0};
  for (const Token token : song.tokens) {
    const auto [kind, value] = vocabulary[token];
    if (kind == TokenKind::start || kind == TokenKind::end) continue;
    if (kind == TokenKind::time) now.step += value;
    if (kind == TokenKind::note_on) ++now.notes;
    s.symbols.push_back(static_cast<SuffixAutomaton::Symbol>(token));
    s.points.push_back(now);
  }
  return s;
}

/// Notes that start within 40 ms of a chord's first note belong to the chord, from its lowest pitch up, unisons once. A
/// symbol is the interval from one note to the next, and the class of the time between their chords.
/// @param shift  of the class borders, in classes, 0 or 0.5: a time at a border with one is mid-class with the other
inline SymbolString interval_symbols(std::span<const Note> notes, double shift) {
  constexpr std::int32_t chord_steps = 4;  // 40 ms
  constexpr int time_classes = 6;          // the last: 1.28 s and more
  const auto step = [](const Note& n) { return static_cast<std::int32_t>(std::lround(n.start / step_seconds)); };
  SymbolString s;
  std::int32_t chord = 0;
  std::vector<int> pitches;
  for (std::size_t i = 0, end; i < notes.size(); i = end) {
    const std::int32_t start = step(notes[i]);
    pitches.clear();
    for (end = i; end < notes.size() && step(notes[end]) < start + chord_steps; ++end)
      pitches.push_back(notes[end].pitch);
    std::sort(pitches.begin(), pitches.end());
    pitches.erase(std::unique(pitches.begin(), pitches.end()), pitches.end());
    const double octaves = std::log2(static_cast<double>(std::max(start - chord, chord_steps)) / chord_steps);
    int time_class = 1 + std::min(static_cast<int>(octaves + shift), time_classes - 1);
    chord = start;
    for (const int pitch : pitches) {
      if (!s.points.empty())
        s.symbols.push_back(
            static_cast<SuffixAutomaton::Symbol>((pitch - s.points.back().pitch + pitch_count) * 16 + time_class));
      s.points.push_back({start, static_cast<std::int32_t>(s.points.size()), pitch});
      time_class = 0;  // within the chord
    }
  }
  return s;
}

/// How songs are represented; intervals with one grid of time classes or the other.
enum class Representation : std::uint8_t { tokens, intervals, shifted_intervals };
inline constexpr std::size_t representation_count = 3;

inline SymbolString symbols_of(const Song& song, const Vocabulary& vocabulary, Representation representation) {
  if (representation == Representation::tokens) return token_symbols(song, vocabulary);
  return interval_symbols(notes_of(song, vocabulary), representation == Representation::intervals ? 0 : 0.5);
}

/// The songs in one representation, and the match found at each symbol.
struct MatchedSongs {
  std::vector<SymbolString> songs;
  std::vector<std::vector<Match>> matches;
};

inline MatchedSongs match_songs(std::span<const Song> songs, std::span<const Song* const> training,
                                const Vocabulary& vocabulary, Representation representation) {
  MatchedSongs matched;
  std::vector<std::vector<SuffixAutomaton::Symbol>> symbols;
  for (const Song& song : songs) {
    matched.songs.push_back(symbols_of(song, vocabulary, representation));
    symbols.push_back(matched.songs.back().symbols);
  }
  SuffixAutomaton automaton(symbols);
  for (std::size_t i = 0; i < training.size(); ++i)
    automaton.read(symbols_of(*training[i], vocabulary, representation).symbols, static_cast<std::int32_t>(i));
  matched.matches = automaton.matches();
  return matched;
}

/// The share of the n-grams that lie in a match.
inline double shared_ngrams(std::span<const Match> matches, int n) {
  const auto grams = std::ssize(matches) - n + 1;
  if (grams <= 0) return 0;
  const auto shared = std::count_if(matches.begin(), matches.end(), [&](const Match& m) { return m.length >= n; });
  return static_cast<double>(shared) / static_cast<double>(grams);
}

/// The longest match of a song, the first of equals.
inline CopiedRun longest_run(std::span<const Match> matches, const SymbolString& song,
                             std::span<const Song* const> training, const Vocabulary& vocabulary,
                             Representation representation) {
  const auto match = std::max_element(matches.begin(), matches.end(),
                                      [](const Match& a, const Match& b) { return a.length < b.length; });
  if (match == matches.end() || match->length == 0) return {};
  const auto length = static_cast<std::size_t>(match->length);
  const auto end = static_cast<std::size_t>(match - matches.begin()) + 1;
  const Song& source = *training[static_cast<std::size_t>(match->string)];
  const SymbolString other = symbols_of(source, vocabulary, representation);
  const SymbolString::Point &from = song.points[end - length], &to = song.points[end];
  const SymbolString::Point& there = other.points[static_cast<std::size_t>(match->end) - length];
  const int first = representation == Representation::tokens ? 0 : 1;  // intervals are between notes
  return {to.notes - from.notes + first, (to.step - from.step) * step_seconds,
          from.step * step_seconds,      source.name,
          there.step * step_seconds,     from.pitch - there.pitch};
}

}  // namespace detail

MUSICGEN_INLINE std::vector<Originality> originality(std::span<const Song> songs, std::span<const Song* const> training,
                                                     const Vocabulary& vocabulary, const NoveltyOptions& options) {
  using detail::Representation;
  std::array<detail::MatchedSongs, detail::representation_count> matched;
  thread_pool().parallel_for(detail::representation_count, [&](std::int64_t r) {
    matched[static_cast<std::size_t>(r)] =
        detail::match_songs(songs, training, vocabulary, static_cast<Representation>(r));
  });
  auto& [tokens, intervals, shifted] = matched;
  std::vector<Originality> all;
  for (std::size_t i = 0; i < songs.size(); ++i) {
    std::vector<Match>& matches = intervals.matches[i];
    for (std::size_t j = 0; j < matches.size(); ++j)
      if (shifted.matches[i][j].length > matches[j].length) matches[j] = shifted.matches[i][j];
    all.push_back(
        {songs[i].name,
         detail::longest_run(matches, intervals.songs[i], training, vocabulary, Representation::intervals),
         detail::longest_run(tokens.matches[i], tokens.songs[i], training, vocabulary, Representation::tokens),
         detail::shared_ngrams(matches, options.interval_ngram),
         detail::shared_ngrams(tokens.matches[i], options.token_ngram)});
  }
  return all;
}

}  // namespace musicgen::inline MUSICGEN_ABI
