// The plan that is requested for a song in the language of beats, in full or in part.
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

/// The model writes whatever is left empty. Bars and beats are counted from 0.
struct PlanRequest {
  struct Chord {
    int bar;    ///< in which it begins
    int beat;   ///< of that bar; if the metre has fewer beats, it begins with the next bar
    int chord;  ///< as in TokenKind::chord, in the key of the song itself
    bool operator==(const Chord&) const = default;
  };

  std::optional<Key> key{};
  std::vector<Plan::Tempo> tempos{};  ///< by bar, the first in bar 0
  std::vector<Plan::Bars> meters{};   ///< likewise
  std::vector<Plan::Phrase> form{};   ///< after the last phrase the song ends; a stream begins again with the first
  std::vector<Chord> chords{};        ///< by bar and beat; the song has no others
  int chord_bars = 0;                 ///< after so many bars the chords repeat; 0: the last one stays
  int bars = 0;                       ///< of the whole song; the model chooses its phrases; 0: not given

  /// Whether nothing is requested.
  [[nodiscard]] bool empty() const { return *this == PlanRequest(); }
  /// Whether the plan says where the song ends.
  [[nodiscard]] bool ends() const { return length() > 0; }
  /// How many bars that is; 0: it does not say.
  [[nodiscard]] int length() const;
  bool operator==(const PlanRequest&) const = default;
};

/// @throws Error  in one line, for an impossible or contradictory plan: a form and a number of bars, a phrase of more
///                than 64 bars, a tempo outside 32..255, a list out of order, a change after the end, ...
void require_valid(const PlanRequest& plan);

// ---- as text ----

/// The index in `meters` of a metre such as "3/4".
/// @throws Error  for a metre that is not among them
[[nodiscard]] int parse_meter(std::string_view text);

/// Phrases such as "i4 A8 B8": a letter and a number of bars each; blanks do not matter.
/// @throws Error  naming what is not a phrase, or not one of 1..64 bars
[[nodiscard]] std::vector<Plan::Phrase> parse_form(std::string_view text);

/// A chord as in lead sheets ("Am", "F#dim", "Bbsus4") or in the notation of Harte et al. 2005 ("A:min"); "N" for none.
/// Everything beyond the triad is dropped: sevenths and other added notes, and the bass ("Am7", "G7", "C/E"; "Bm7b5" is
/// diminished, "G7sus4" sus4).
/// @throws Error  for text that is not a chord, or a chord without a third
[[nodiscard]] int parse_chord(std::string_view text);

/// Chords such as "C G Am F", one per bar, separated by blanks, commas or bar lines. (To repeat them, set `chord_bars`
/// to their number.)
/// @throws Error  as parse_chord(), or if there is none
[[nodiscard]] std::vector<PlanRequest::Chord> chord_a_bar(std::string_view text);

/// The plan of a song's first bars; later changes are left out.
[[nodiscard]] PlanRequest first_bars(PlanRequest plan, int bars);

/// The plan of a song; if it is requested, another song gets the same. A chord that is repeated while it is in force is
/// listed once.
/// @param tokens  of the vocabulary, as in `GeneratedSong`
[[nodiscard]] PlanRequest plan_of(std::span<const Token> tokens, const Vocabulary& vocabulary);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "plan_request.ipp"
#endif
