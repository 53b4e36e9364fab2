// Turns a given song into the beginning of others. Internal.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "../analyze/analyze.hpp"
#include "../core/config.hpp"
#include "../tokens/encoder.hpp"
#include "../tokens/plan.hpp"
#include "../tokens/song_state.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// @throws Error  as encode(); in the language of beats also if the score has no beat, saying why
inline Encoded encode_prompt(const Score& score, const Vocabulary& vocabulary) {
  if (!vocabulary.has_beats()) return encode(score, vocabulary);
  if (score.notes().empty()) return {{vocabulary.start(), vocabulary.end()}, score.programs(), {}};
  return encode(score, plan_of(analyze(score)), vocabulary);
}

/// How many tokens make up the first `length` (0: all) of a song. They end with a note event. In the language of beats
/// they end before the last bar line within `length`, if there is one and the song goes on, so that a whole bar comes
/// next.
inline std::size_t prompt_size(std::span<const Token> song, const Vocabulary& vocabulary,
                               std::chrono::duration<double> length) {
  constexpr double rounding = 1e-8;
  const double limit = length.count() > 0 ? length.count() + rounding : std::numeric_limits<double>::infinity();
  std::size_t events = 1, bars = 0;  // tokens up to the last note event, and bar line
  SongState state;
  state.advance(vocabulary[song[0]]);
  std::size_t i = 1;
  for (; i + 1 < song.size() && state.time().count() <= limit; ++i) {
    const TokenEvent word = vocabulary[song[i]];
    if (word.kind == TokenKind::bar && state.place().bars > 0) bars = i;
    state.advance(word);
    if (word.kind != TokenKind::time) events = i + 1;
  }
  if (!vocabulary.has_beats()) return events;
  const bool is_whole = i + 1 == song.size() && state.time().count() <= limit;
  const bool phrase_is_over = state.place().phrase != 0 && state.place().bars_left == 0;
  return bars == 0 || (is_whole && !phrase_is_over) ? events : bars;
}

/// Shortens the last phrase of a song's beginning to end with the song's bar number `bars`, if it would end later.
inline void shorten_last_phrase(std::vector<Token>& song, const Vocabulary& vocabulary, int bars) {
  SongState state;
  Token* last = nullptr;
  int first_bar = 0;
  for (Token& token : song) {
    state.advance(vocabulary[token]);
    if (vocabulary[token].kind != TokenKind::phrase_bars) continue;
    last = &token;
    first_bar = state.place().bars - 1;
  }
  if (last == nullptr) return;
  const int most = std::max(1, bars - first_bar);
  const Token shorter = vocabulary.find(TokenKind::phrase_bars, std::min(vocabulary[*last].value, most));
  if (shorter != no_token) *last = shorter;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
