// Data augmentation on tokens: transposition, tempo and velocity; in the language of beats also leaving out parts of
// the plan, so that a model learns to do without them.
//
// The canonical order is kept. Transposition and velocity do not change times; tempo scales gaps, but each stays at
// least one step long, so no events merge or change places.
#pragma once

#include <array>
#include <bitset>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

class Random;
struct Song;

/// Ranges of changes to songs: lowest and highest, both inclusive.
struct Augmentation {
  std::array<int, 2> transpose{0, 0};  ///< semitones
  std::array<double, 2> tempo{1, 1};   ///< 1.1: a tenth faster
  std::array<int, 2> velocity{0, 0};   ///< steps in the vocabulary's list of velocities
  double leave_out = 0;                ///< probability of leaving out each kind of `LeftOut`; for the language of beats
};

/// Kinds of plan tokens that a song in the language of beats can do without.
struct LeftOut {
  bool key = false;      ///< the music is then in C major or A minor
  bool tempo = false;    ///< and the fine tempo
  bool meter = false;    ///< kept unless it is 4/4 throughout, since bars depend on it
  bool phrases = false;  ///< and their lengths
  bool chords = false;
  [[nodiscard]] bool any() const { return key || tempo || meter || phrases || chords; }
  bool operator==(const LeftOut&) const = default;
};

/// A change to a song.
struct AugmentationDraw {
  int transpose = 0;
  double tempo = 1;
  int velocity = 0;
  LeftOut left_out{};
  bool operator==(const AugmentationDraw&) const = default;
};

// The functions below are safe to call from any thread.

/// The pitches for which a vocabulary has a note-on and a note-off.
[[nodiscard]] std::bitset<pitch_count> pitches_of(const Vocabulary& vocabulary);

/// Whether `pitches`, transposed by `semitones`, are all among `available`.
[[nodiscard]] bool can_transpose(const std::bitset<pitch_count>& pitches, int semitones,
                                 const std::bitset<pitch_count>& available);

/// Draws a change to a song: a transposition within the range that keeps the whole song in the vocabulary (0 if there
/// is none), a tempo and a velocity shift within their ranges, and what to leave out.
[[nodiscard]] AugmentationDraw draw_augmentation(const Augmentation& range, const Song& song,
                                                 const std::bitset<pitch_count>& available, Random& random);

/// A song without some kinds of plan tokens, as the encoder would write it had they never been there.
/// @param song  whole, `^ ... $`
[[nodiscard]] std::vector<Token> without_words(std::span<const Token> song, const Vocabulary& vocabulary,
                                               const LeftOut& left_out);

/// Writes `tokens`, a song from the start of a group on, to `out` with `change` applied, except for `left_out`, which
/// applies to whole songs. Past the end of the song, `out` is filled with `no_token`.
///
/// Times are scaled from the first token on and rounded as a whole, so errors do not add up. A gap is at least one
/// step; any excess is made up by later gaps. Gaps are written as the encoder does, as many `t100` (in the language of
/// beats `t48`) as fit and then the rest, so `out` may cover more or fewer tokens of the song than it holds.
void augment_tokens(std::span<const Token> tokens, const Vocabulary& vocabulary, const AugmentationDraw& change,
                    std::span<Token> out);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "augment.ipp"
#endif
