// Definitions of augment.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "../core/random.hpp"
#include "augment.hpp"
#include "song.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// What each token becomes, except time steps.
inline std::vector<Token> augmented_tokens(const Vocabulary& vocabulary, const AugmentationDraw& change) {
  std::vector<Token> changed(static_cast<std::size_t>(vocabulary.size()));
  std::iota(changed.begin(), changed.end(), Token{0});
  const auto set = [&](Token token, Token to) {
    if (token != no_token && to != no_token) changed[static_cast<std::size_t>(token)] = to;
  };
  for (int p = 0; p < pitch_count; ++p) {
    set(vocabulary.note_on(p), vocabulary.note_on(p + change.transpose));
    set(vocabulary.note_off(p), vocabulary.note_off(p + change.transpose));
  }
  const std::span<const Token> velocities = vocabulary.tokens(TokenKind::velocity);  // from soft to loud
  const auto last = static_cast<std::int64_t>(velocities.size()) - 1;
  for (std::int64_t i = 0; i <= last; ++i)
    set(velocities[static_cast<std::size_t>(i)],
        velocities[static_cast<std::size_t>(std::clamp<std::int64_t>(i + change.velocity, 0, last))]);
  return changed;
}

/// Whether a song is in 4/4 throughout, which is the metre if none is given.
inline bool is_in_common_time(std::span<const Token> song, const Vocabulary& vocabulary) {
  return std::all_of(song.begin(), song.end(), [&](Token token) {
    return vocabulary[token].kind != TokenKind::meter || vocabulary[token].value == common_time;
  });
}

inline bool is_left_out(TokenKind kind, const LeftOut& left_out) {
  switch (kind) {
    case TokenKind::key:
      return left_out.key;
    case TokenKind::tempo:
    case TokenKind::fine_tempo:
      return left_out.tempo;
    case TokenKind::meter:
      return left_out.meter;
    case TokenKind::phrase:
    case TokenKind::phrase_bars:
    case TokenKind::repeat:
      return left_out.phrases;
    case TokenKind::chord:
      return left_out.chords;
    default:
      return false;
  }
}

}  // namespace detail

MUSICGEN_INLINE std::bitset<pitch_count> pitches_of(const Vocabulary& vocabulary) {
  std::bitset<pitch_count> pitches;
  for (int p = 0; p < pitch_count; ++p)
    pitches[static_cast<std::size_t>(p)] = vocabulary.note_on(p) != no_token && vocabulary.note_off(p) != no_token;
  return pitches;
}

MUSICGEN_INLINE bool can_transpose(const std::bitset<pitch_count>& pitches, int semitones,
                                   const std::bitset<pitch_count>& available) {
  const auto by = static_cast<std::size_t>(std::abs(semitones));
  const auto moved = semitones < 0 ? pitches >> by : pitches << by;
  return moved.count() == pitches.count() && (moved & ~available).none();
}

MUSICGEN_INLINE AugmentationDraw draw_augmentation(const Augmentation& range, const Song& song,
                                                   const std::bitset<pitch_count>& available, Random& random) {
  std::vector<int> transpositions;
  for (int by = range.transpose[0]; by <= range.transpose[1]; ++by)
    if (can_transpose(song.pitches, by, available)) transpositions.push_back(by);
  AugmentationDraw change;
  if (!transpositions.empty()) change.transpose = transpositions[random.below(transpositions.size())];
  change.tempo = range.tempo[0] + (range.tempo[1] - range.tempo[0]) * random.uniform();
  change.velocity = random.between(range.velocity[0], range.velocity[1]);
  if (range.leave_out > 0)
    for (bool LeftOut::*kind : {&LeftOut::key, &LeftOut::tempo, &LeftOut::meter, &LeftOut::phrases, &LeftOut::chords})
      change.left_out.*kind = random.uniform() < range.leave_out;
  return change;
}

MUSICGEN_INLINE std::vector<Token> without_words(std::span<const Token> song, const Vocabulary& vocabulary,
                                                 const LeftOut& left_out) {
  LeftOut gone = left_out;
  gone.meter = gone.meter && detail::is_in_common_time(song, vocabulary);
  std::vector<Token> left;
  left.reserve(song.size());
  int gap = 0, chord = -1;  // steps not yet written; the chord in force
  for (const Token token : song) {
    const auto [kind, value] = vocabulary[token];
    if (kind == TokenKind::time) {
      gap += value;
      continue;
    }
    // A phrase states its chord even if it is already in force; without the phrase that is a repetition.
    const bool repeated = gone.phrases && kind == TokenKind::chord && value == chord;
    if (detail::is_left_out(kind, gone) || repeated) continue;
    if (kind == TokenKind::chord) chord = value;
    for (const int longest = vocabulary.max_steps(); gap > 0; gap -= std::min(gap, longest))
      left.push_back(vocabulary.time(std::min(gap, longest)));
    left.push_back(token);
  }
  return left;
}

MUSICGEN_INLINE void augment_tokens(std::span<const Token> tokens, const Vocabulary& vocabulary,
                                    const AugmentationDraw& change, std::span<Token> out) {
  const auto changed = detail::augmented_tokens(vocabulary, change);
  const std::int64_t longest = vocabulary.max_steps();
  const auto steps_of = [&](Token token) {
    const auto [kind, value] = vocabulary[token];
    return kind == TokenKind::time ? value : 0;
  };
  std::int64_t original = 0, now = 0;  // steps since the first token, before and after
  auto to = out.begin();
  for (auto from = tokens.begin(); from != tokens.end() && to != out.end();) {
    if (const int first = steps_of(*from); first == 0) {
      *to++ = changed[static_cast<std::size_t>(*from++)];
      continue;
    }
    for (int steps; from != tokens.end() && (steps = steps_of(*from)) > 0; ++from) original += steps;
    const auto next = std::max<std::int64_t>(now + 1, std::llround(static_cast<double>(original) / change.tempo));
    for (; now < next && to != out.end(); ++to) {
      const auto steps = std::min(next - now, longest);
      *to = vocabulary.time(static_cast<int>(steps));
      now += steps;
    }
  }
  std::fill(to, out.end(), no_token);
}

}  // namespace musicgen::inline MUSICGEN_ABI
