// The same music a little different: higher or lower, faster or slower, louder or softer; in the language of beats with
// less said of its plan, so that a model learns to do without what it is not told. Done on the tokens.
//
// All of it keeps the canonical order. Transposition and velocities change no time; tempo changes gaps, of which each
// stays at least one step, so nothing comes together or changes places.
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

/// How far songs may be changed: lowest and highest, both included.
struct Augmentation {
  std::array<int, 2> transpose{0, 0};  ///< semitones
  std::array<double, 2> tempo{1, 1};   ///< 1.1: a tenth faster
  std::array<int, 2> velocity{0, 0};   ///< places in the vocabulary's list of velocities
  double leave_out = 0;                ///< probability with which each kind of `LeftOut` is, in the language of beats
};

/// Kinds of words that a song in the language of beats can do without.
struct LeftOut {
  bool key = false;      ///< the music is then said in C major or A minor
  bool tempo = false;    ///< with the fine tempo
  bool meter = false;    ///< stays where it is not 4/4 throughout, since bars depend on it
  bool phrases = false;  ///< with their lengths
  bool chords = false;
  [[nodiscard]] bool any() const { return key || tempo || meter || phrases || chords; }
  bool operator==(const LeftOut&) const = default;
};

/// One way to change a song.
struct AugmentationDraw {
  int transpose = 0;
  double tempo = 1;
  int velocity = 0;
  LeftOut left_out{};
  bool operator==(const AugmentationDraw&) const = default;
};

// The functions below are safe to call from any thread.

/// The pitches that a vocabulary can switch on and off.
[[nodiscard]] std::bitset<pitch_count> pitches_of(const Vocabulary& vocabulary);

/// Whether `pitches`, all moved by `semitones`, are among `available`.
[[nodiscard]] bool can_transpose(const std::bitset<pitch_count>& pitches, int semitones,
                                 const std::bitset<pitch_count>& available);

/// Draws a change of a song: a transposition from those in range that keep all of the song in the vocabulary (0 if
/// there is none), a tempo and a shift of velocities from all that are in range; and what is left out.
[[nodiscard]] AugmentationDraw draw_augmentation(const Augmentation& range, const Song& song,
                                                 const std::bitset<pitch_count>& available, Random& random);

/// A song without some words of its plan, as the encoder writes one that has never had them.
/// @param song  all of it, `^ ... $`
[[nodiscard]] std::vector<Token> without_words(std::span<const Token> song, const Vocabulary& vocabulary,
                                               const LeftOut& left_out);

/// Fills `out` with what `tokens`, a song from the start of a group on, become under `change` (but for
/// `left_out`, which changes whole songs); what is left over when the song has ended is `no_token`.
///
/// Time is scaled from the first token on and rounded as a whole, so errors do not add up; a gap is at least a step,
/// and what that takes too much is given back by the next gaps. Gaps are written as the encoder does, `t100` (in the
/// language of beats `t48`) as often as it goes and then the rest, so that a window may hold more of the song, or less,
/// than it has tokens.
void augment_tokens(std::span<const Token> tokens, const Vocabulary& vocabulary, const AugmentationDraw& change,
                    std::span<Token> out);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "augment.ipp"
#endif
