// Figures that describe a piece of music, so that two sets of pieces can be compared: evaluate/distributions.hpp.
//
// The definitions are MusPy's (Dong, Chen, McAuley, Berg-Kirkpatrick, ISMIR 2020) and MGEval's (Yang and Lerch, Neural
// Computing and Applications 32, 2020), in seconds instead of beats where they count time: docs/evaluation.md. Tracks
// count as one.
//
// Pure functions: any number of threads may call them.
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../midi/score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Figures of a piece. One that the piece does not have is NaN: of a piece without notes all of them, of one whose
/// notes all start together `inter_onset`.
struct Statistics {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();

  double pitches = none;              ///< how many of the 128 occur
  double pitch_range = none;          ///< semitones from the lowest to the highest
  double pitch_entropy = none;        ///< bits, of the notes' distribution over the 128 pitches
  double pitch_class_entropy = none;  ///< bits, over the 12 pitch classes
  double scale_consistency = none;    ///< largest share of notes that lie in one major or natural minor scale
  double polyphony = none;            ///< mean number of pitches that sound, while any does
  double polyphony_rate = none;       ///< share of the time in which two pitches or more sound
  double note_density = none;         ///< notes/s
  double inter_onset = none;          ///< seconds, mean; notes that start together are one onset
  double note_length = none;          ///< seconds, mean
  double velocity = none;             ///< mean
  double velocity_spread = none;      ///< standard deviation
};

/// A figure's name and unit, and where it is in the struct that has those of a piece.
template <class Figures>
struct Figure {
  const char* name;   ///< as in Figures
  const char* label;  ///< for people
  const char* unit;
  double Figures::*value;
};
using Statistic = Figure<Statistics>;

inline constexpr std::array statistic_list{
    Statistic{"pitches", "pitches used", "", &Statistics::pitches},
    Statistic{"pitch_range", "pitch range", "semitones", &Statistics::pitch_range},
    Statistic{"pitch_entropy", "pitch entropy", "bits", &Statistics::pitch_entropy},
    Statistic{"pitch_class_entropy", "pitch class entropy", "bits", &Statistics::pitch_class_entropy},
    Statistic{"scale_consistency", "scale consistency", "", &Statistics::scale_consistency},
    Statistic{"polyphony", "polyphony", "pitches", &Statistics::polyphony},
    Statistic{"polyphony_rate", "polyphony rate", "", &Statistics::polyphony_rate},
    Statistic{"note_density", "note density", "notes/s", &Statistics::note_density},
    Statistic{"inter_onset", "inter-onset interval", "s", &Statistics::inter_onset},
    Statistic{"note_length", "note length", "s", &Statistics::note_length},
    Statistic{"velocity", "velocity", "", &Statistics::velocity},
    Statistic{"velocity_spread", "velocity spread", "", &Statistics::velocity_spread}};

/// The figures of a piece that begins with its first note and ends with the last.
/// @param notes  in any order
[[nodiscard]] Statistics statistics(std::span<const Note> notes);

/// One figure of each piece, those without it left out.
template <class Figures>
[[nodiscard]] std::vector<double> values_of(const std::vector<Figures>& pieces, const Figure<Figures>& which) {
  std::vector<double> all;
  for (const Figures& piece : pieces)
    if (const double value = piece.*which.value; std::isfinite(value)) all.push_back(value);
  return all;
}

/// Groove consistency: 1 - the mean share of the positions in a bar at which one bar has an onset and the next has
/// none, or the other way round (MusPy, after Wu and Yang, ISMIR 2020). It needs bars, which tokens of 10 ms do not
/// know.
/// @param bars       in seconds, ascending: where each bar begins, and where the last one ends
/// @param positions  that a bar has; an onset belongs to the nearest
/// @return  NaN for fewer than two bars
[[nodiscard]] double groove_consistency(std::span<const Note> notes, std::span<const double> bars, int positions = 16);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "statistics.ipp"
#endif
