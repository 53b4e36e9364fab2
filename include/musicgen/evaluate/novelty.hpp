// How original songs are: what of them occurs in the songs that a model has learned from, and where.
//
// A song is compared in two forms. As tokens a copy is exact, velocities and all. As intervals it stays a copy when it
// is transposed, or played a little faster, slower or less evenly: each note is the interval from the one before, and
// how much later it starts in classes that are an octave wide (times 2).
//
// Music repeats what other music has said, so figures mean nothing by themselves: those of songs that the model has not
// learned from are what to compare with.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "../core/config.hpp"
#include "../core/thread_pool.hpp"
#include "../data/song.hpp"
#include "excerpts.hpp"
#include "suffix_automaton.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The longest part of a song that occurs in another.
struct CopiedRun {
  int notes = 0;         ///< 0: there is none. As intervals, notes that start together count, unisons once
  double seconds = 0;    ///< from the first onset to the last; as tokens from the first token to the last
  double at = 0;         ///< seconds, where it begins in the song
  std::string source{};  ///< name of the other song; of several the first
  double source_at = 0;  ///< seconds, where it begins there
  int transposed = 0;    ///< semitones from there to here
  bool operator==(const CopiedRun&) const = default;
};

/// What a song shares with others.
struct Originality {
  std::string song{};
  CopiedRun intervals{}, tokens{};                 ///< the longest runs: up to transposition and timing; exact
  double shared_intervals = 0, shared_tokens = 0;  ///< shares of the song's n-grams that occur; 0 if it has none
};

struct NoveltyOptions {
  int interval_ngram = 6;  ///< n, in intervals: 7 notes
  int token_ngram = 12;    ///< n, in tokens: about 2 notes
};

namespace detail {

/// A song as symbols, and what stands before, between and after them: one more than there are symbols, unless there is
/// nothing at all.
struct SymbolString {
  struct Point {
    std::int32_t step, notes, pitch;  // time; notes begun so far; the pitch of the note, if it is one
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

/// Notes that start within 40 ms of the first of them are one chord, from its lowest pitch up, unisons once. A symbol
/// is the interval from one note to the next, and the class of the time between their chords.
/// @param shift  0 or 0.5, of the classes' borders, in classes: what lies at one's borders is amid the other's
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

/// In which form songs are compared; intervals with one grid of time classes and with the other.
enum class Form : std::uint8_t { tokens, intervals, shifted_intervals };
inline constexpr std::size_t form_count = 3;

inline SymbolString symbols_of(const Song& song, const Vocabulary& vocabulary, Form form) {
  if (form == Form::tokens) return token_symbols(song, vocabulary);
  return interval_symbols(notes_of(song, vocabulary), form == Form::intervals ? 0 : 0.5);
}

/// The songs in one form, and of each symbol what has been found.
struct Copies {
  std::vector<SymbolString> songs;
  std::vector<std::vector<Match>> matches;
};

inline Copies find_copies(std::span<const Song> songs, std::span<const Song* const> training,
                          const Vocabulary& vocabulary, Form form) {
  Copies copies;
  std::vector<std::vector<SuffixAutomaton::Symbol>> symbols;
  for (const Song& song : songs) {
    copies.songs.push_back(symbols_of(song, vocabulary, form));
    symbols.push_back(copies.songs.back().symbols);
  }
  SuffixAutomaton automaton(symbols);
  for (std::size_t i = 0; i < training.size(); ++i)
    automaton.read(symbols_of(*training[i], vocabulary, form).symbols, static_cast<std::int32_t>(i));
  copies.matches = automaton.matches();
  return copies;
}

/// The share of the n-grams that lie in a match.
inline double shared_ngrams(std::span<const Match> matches, int n) {
  const auto grams = std::ssize(matches) - n + 1;
  if (grams <= 0) return 0;
  const auto shared = std::count_if(matches.begin(), matches.end(), [&](const Match& m) { return m.length >= n; });
  return static_cast<double>(shared) / static_cast<double>(grams);
}

/// The longest match of a song, of equals the first.
inline CopiedRun longest_run(std::span<const Match> matches, const SymbolString& song,
                             std::span<const Song* const> training, const Vocabulary& vocabulary, Form form) {
  const auto match = std::max_element(matches.begin(), matches.end(),
                                      [](const Match& a, const Match& b) { return a.length < b.length; });
  if (match == matches.end() || match->length == 0) return {};
  const auto length = static_cast<std::size_t>(match->length);
  const auto end = static_cast<std::size_t>(match - matches.begin()) + 1;
  const Song& source = *training[static_cast<std::size_t>(match->string)];
  const SymbolString other = symbols_of(source, vocabulary, form);
  const SymbolString::Point &from = song.points[end - length], &to = song.points[end];
  const SymbolString::Point& there = other.points[static_cast<std::size_t>(match->end) - length];
  const int first = form == Form::tokens ? 0 : 1;  // intervals stand between notes
  return {to.notes - from.notes + first, (to.step - from.step) * step_seconds,
          from.step * step_seconds,      source.name,
          there.step * step_seconds,     from.pitch - there.pitch};
}

}  // namespace detail

/// What each of the songs shares with those in `training`. Time is proportional to all tokens, memory to those of
/// `songs` (1.5 KB a note).
/// @param songs  all of them, and those in `training`, with tokens of `vocabulary`
inline std::vector<Originality> originality(std::span<const Song> songs, std::span<const Song* const> training,
                                            const Vocabulary& vocabulary, const NoveltyOptions& options = {}) {
  using detail::Form;
  std::array<detail::Copies, detail::form_count> copies;
  thread_pool().parallel_for(detail::form_count, [&](std::int64_t form) {
    copies[static_cast<std::size_t>(form)] = detail::find_copies(songs, training, vocabulary, static_cast<Form>(form));
  });
  auto& [tokens, intervals, shifted] = copies;
  std::vector<Originality> all;
  for (std::size_t i = 0; i < songs.size(); ++i) {
    std::vector<Match>& matches = intervals.matches[i];
    for (std::size_t j = 0; j < matches.size(); ++j)
      if (shifted.matches[i][j].length > matches[j].length) matches[j] = shifted.matches[i][j];
    all.push_back({songs[i].name,
                   detail::longest_run(matches, intervals.songs[i], training, vocabulary, Form::intervals),
                   detail::longest_run(tokens.matches[i], tokens.songs[i], training, vocabulary, Form::tokens),
                   detail::shared_ngrams(matches, options.interval_ngram),
                   detail::shared_ngrams(tokens.matches[i], options.token_ngram)});
  }
  return all;
}

}  // namespace musicgen::inline MUSICGEN_ABI
