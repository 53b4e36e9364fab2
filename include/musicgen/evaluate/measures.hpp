// What a listener would name of a piece: whether its tune comes back, whether it keeps time, how its bars go, whether
// the tune fits the chords, how long its phrases are and whether its parts return.
//
// Beside `Statistics`, which describe a piece as a heap of notes. Most of it needs the beats, chords and phrases that
// `analyze()` finds. Sources and formulas: docs/evaluation.md.
//
// Pure functions: any number of threads may call them.
#pragma once

#include <array>
#include <span>

#include "../analyze/analysis.hpp"
#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "rhythm.hpp"
#include "statistics.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Figures of a piece. One that the piece does not have is NaN: of a piece without a beat all from `in_beat` on, of one
/// that ends within 45 s `recurrence`.
struct Measures {
  static constexpr double none = Statistics::none;

  double recurrence = none;        ///< share of the tune's runs of seven notes that come back: melody_recurrence()
  double recurrence_after = none;  ///< seconds, median, after which they do
  double melody_rests = none;      ///< share of the tune's time in which it rests: melody_rests()
  double melody_rest = none;       ///< seconds, median
  double in_time = none;           ///< share of the times between onsets that are in time: gaps_in_time()
  double in_beat = none;           ///< share of notes that begin on sixteenths: in_beat_share()
  double groove = none;            ///< groove_similarity()
  double chord_tones = none;       ///< chord_tone_share()
  double chord_changes = none;     ///< a bar
  double phrase_bars = none;       ///< mean length
  double structureness_4 = none;   ///< structureness() of stretches of 4, 8 and 16 bars
  double structureness_8 = none;
  double structureness_16 = none;
  double position_overlap = none;  ///< of `positions` with those of real pieces: set_position_overlaps()
  BarPositions positions = [] {
    BarPositions unknown{};
    unknown.fill(none);
    return unknown;
  }();                    ///< bar_positions()
  bool has_beat = false;  ///< whether analyze() finds one
};

/// A figure's name and unit, and where it is.
using Measure = Figure<Measures>;

inline constexpr std::array measure_list{
    Measure{"recurrence", "melody runs that return", "", &Measures::recurrence},
    Measure{"recurrence_after", "return after", "s", &Measures::recurrence_after},
    Measure{"melody_rests", "melody rests, share", "", &Measures::melody_rests},
    Measure{"melody_rest", "melody rests, median", "s", &Measures::melody_rest},
    Measure{"in_time", "gaps in time", "", &Measures::in_time},
    Measure{"in_beat", "notes on sixteenths", "", &Measures::in_beat},
    Measure{"position_overlap", "positions in the bar", "", &Measures::position_overlap},
    Measure{"groove", "groove similarity", "", &Measures::groove},
    Measure{"chord_tones", "chord tones on beats", "", &Measures::chord_tones},
    Measure{"chord_changes", "chord changes", "a bar", &Measures::chord_changes},
    Measure{"phrase_bars", "phrase length", "bars", &Measures::phrase_bars},
    Measure{"structureness_4", "structureness, 4 bars", "", &Measures::structureness_4},
    Measure{"structureness_8", "structureness, 8 bars", "", &Measures::structureness_8},
    Measure{"structureness_16", "structureness, 16 bars", "", &Measures::structureness_16}};

/// The share of chord tones among the melody's notes that begin on a beat (to the nearest sixteenth), where there is a
/// chord: 1 - the non-chord tones of CTnCTR (Yeh et al., "Automatic melody harmonization with triad chords: a
/// comparative study", Journal of New Music Research 50, 2021), on beats alone, where they are rare. The melody is the
/// first melodic track.
/// @return  NaN without a beat, or without such notes
[[nodiscard]] double chord_tone_share(const Score& score, const Analysis& analysis);

/// How often the chord changes, a bar: the harmonic rhythm (Swain, "Harmonic rhythm: analysis and interpretation",
/// 2002). A silence between two chords is a change from the one to the other.
/// @return  NaN without a beat
[[nodiscard]] double chord_changes(const Analysis& analysis);

/// The figures of a piece, all but `position_overlap`.
/// @param analysis  of the score, by analyze() or by people
[[nodiscard]] Measures measures(const Score& score, const Analysis& analysis);
/// The same, with what analyze() finds.
[[nodiscard]] Measures measures(const Score& score);

/// The mean of the pieces' onset positions in the bar, of those that have a beat; NaN if none has.
[[nodiscard]] BarPositions mean_positions(std::span<const Measures> pieces);

/// Fills in `position_overlap`: histogram_overlap() of a piece's onset positions with the mean of the real ones', a
/// real one's with the mean of the others'.
void set_position_overlaps(std::span<Measures> real, std::span<Measures> other);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "measures.ipp"
#endif
