// The plan that a song in the language of beats is asked to keep to, or as much of it as is asked for.
//
//   musicgen::Sampler sampler(model, {.plan = {.key = musicgen::Key::parse("E minor"),
//                                              .tempos = {{0, 96}},
//                                              .form = musicgen::parse_form("i4 A8 B8 A8 B8 o4")}});
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "../core/config.hpp"
#include "../tokens/plan.hpp"
#include "../tokens/vocabulary.hpp"
#include "processors/key.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// What is empty the model writes. Bars and beats are counted from 0.
struct PlanRequest {
  struct Chord {
    int bar;    ///< in which it begins
    int beat;   ///< of that bar; where the metre has fewer beats it begins with the next bar
    int chord;  ///< as in TokenKind::chord, in the key of the song itself
    bool operator==(const Chord&) const = default;
  };

  std::optional<Key> key{};
  std::vector<Plan::Tempo> tempos{};  ///< by bar, the first in bar 0
  std::vector<Plan::Bars> meters{};   ///< likewise
  std::vector<Plan::Phrase> form{};   ///< after the last phrase the song ends; a stream begins again with the first
  std::vector<Chord> chords{};        ///< by bar and beat; no others come
  int chord_bars = 0;                 ///< after so many bars the chords come again; 0: the last one stays
  int bars = 0;                       ///< of the whole song, whose phrases the model chooses; 0: not given

  /// Whether nothing is asked for.
  [[nodiscard]] bool empty() const { return *this == PlanRequest(); }
  /// Whether the plan says where the song ends.
  [[nodiscard]] bool ends() const { return length() > 0; }
  /// How many bars that is; 0: it does not say.
  [[nodiscard]] int length() const;
  bool operator==(const PlanRequest&) const = default;
};

/// @throws Error  in a line, for what cannot be or contradicts itself: a form and a number of bars, a phrase of more
///                than 64 bars, a tempo that is not in 32..255, a list out of order, a change after the end, ...
void require_valid(const PlanRequest& plan);

// ---- as text ----

/// "3/4": its place in `meters`.
/// @throws Error  for a metre that is not among them
[[nodiscard]] int parse_meter(std::string_view text);

/// "i4 A8 B8": letters, and how many bars each phrase has; blanks do not matter.
/// @throws Error  naming what is no phrase, or none of 1..64 bars
[[nodiscard]] std::vector<Plan::Phrase> parse_form(std::string_view text);

/// A chord as in lead sheets ("Am", "F#dim", "Bbsus4") or by Harte et al. 2005 ("A:min"), "N" for none. What there is
/// beyond the triad is left out: sevenths and other added notes, and the bass ("Am7", "G7", "C/E"; "Bm7b5" is
/// diminished, "G7sus4" sus4).
/// @throws Error  for what is none, or has no third
[[nodiscard]] int parse_chord(std::string_view text);

/// "C G Am F": a chord a bar, apart by blanks, commas or bar lines. (For them to come again: `chord_bars` = so many.)
/// @throws Error  as parse_chord(), or if there is none
[[nodiscard]] std::vector<PlanRequest::Chord> chord_a_bar(std::string_view text);

/// The plan of a song's first bars: what comes later is left out.
[[nodiscard]] PlanRequest first_bars(PlanRequest plan, int bars);

/// The plan that a song has: asked for it again, another song gets the same. A chord that is said again while it is in
/// force is told once.
/// @param tokens  of the vocabulary, as `GeneratedSong` has them
[[nodiscard]] PlanRequest plan_of(std::span<const Token> tokens, const Vocabulary& vocabulary);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "plan_request.ipp"
#endif
