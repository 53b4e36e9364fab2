// What a listener would notice in a piece: whether its tune returns, whether it keeps time, the rhythm of its bars,
// whether the tune fits the chords, how long its phrases are and whether its parts return.
//
// Unlike `Statistics`, which take a piece for a heap of notes, most of it needs the beats, chords and phrases that
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

/// Figures of a piece. One that a piece lacks is NaN: without a beat all from `in_beat` on, in a piece that ends within
/// 45 s `recurrence`.
struct Measures {
  static constexpr double none = Statistics::none;

  double recurrence = none;        ///< share of the tune's runs of seven notes that return: melody_recurrence()
  double recurrence_after = none;  ///< seconds since they were last heard, median
  double melody_rests = none;      ///< share of the tune's time spent in rests: melody_rests()
  double melody_rest = none;       ///< seconds, median
  double in_time = none;           ///< share of the gaps between onsets that are in time: gaps_in_time()
  double in_beat = none;           ///< share of notes that begin on sixteenths: in_beat_share()
  double groove = none;            ///< groove_similarity()
  double chord_tones = none;       ///< chord_tone_share()
  double chord_changes = none;     ///< per bar
  double phrase_bars = none;       ///< mean length
  double structureness_4 = none;   ///< structureness() for 4, 8 and 16 bars
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

/// A figure's name, unit and member.
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
/// chord: 1 minus the non-chord tones of CTnCTR (Yeh et al., "Automatic melody harmonization with triad chords: a
/// comparative study", Journal of New Music Research 50, 2021), only on beats, where they are rare. The melody is the
/// first melodic track.
/// @return  NaN without a beat, or without such notes
[[nodiscard]] double chord_tone_share(const Score& score, const Analysis& analysis);

/// Chord changes per bar: the harmonic rhythm (Swain, "Harmonic rhythm: analysis and interpretation", 2002). Silences
/// are skipped: the chords before and after one are compared.
/// @return  NaN without a beat
[[nodiscard]] double chord_changes(const Analysis& analysis);

/// The figures of a piece, except `position_overlap`.
/// @param analysis  of the score, by analyze() or by people
[[nodiscard]] Measures measures(const Score& score, const Analysis& analysis);
/// The same, with the analysis by analyze().
[[nodiscard]] Measures measures(const Score& score);

/// The mean onset positions in the bar of the pieces that have a beat; NaN if none has.
[[nodiscard]] BarPositions mean_positions(std::span<const Measures> pieces);

/// Fills in `position_overlap`: histogram_overlap() of a piece's onset positions with the mean of the real pieces; for
/// a real piece, with the mean of the other real ones.
void set_position_overlaps(std::span<Measures> real, std::span<Measures> other);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "measures.ipp"
#endif
