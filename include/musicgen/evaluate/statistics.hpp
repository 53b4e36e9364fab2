// Figures that describe a piece of music, so that two sets of pieces can be compared: evaluate/distributions.hpp.
//
// The definitions are MusPy's (Dong, Chen, McAuley, Berg-Kirkpatrick, ISMIR 2020) and MGEval's (Yang and Lerch, Neural
// Computing and Applications 32, 2020), with times in seconds instead of beats: docs/evaluation.md. All tracks count as
// one.
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

/// Figures of a piece. One that a piece lacks is NaN: without notes all of them, `inter_onset` if all notes start
/// together.
struct Statistics {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();

  double pitches = none;              ///< how many of the 128 occur
  double pitch_range = none;          ///< semitones from the lowest to the highest
  double pitch_entropy = none;        ///< bits, of the notes' distribution over the 128 pitches
  double pitch_class_entropy = none;  ///< bits, over the 12 pitch classes
  double scale_consistency = none;    ///< largest share of notes that lie in one major or natural minor scale
  double polyphony = none;            ///< mean number of sounding pitches, while any sounds
  double polyphony_rate = none;       ///< share of the time in which two or more pitches sound
  double note_density = none;         ///< notes/s
  double inter_onset = none;          ///< seconds, mean; notes that start together are one onset
  double note_length = none;          ///< seconds, mean
  double velocity = none;             ///< mean
  double velocity_spread = none;      ///< standard deviation
};

/// A figure's name and unit, and its member in a piece's figures.
template <class Figures>
struct Figure {
  const char* name;   ///< as in Figures
  const char* label;  ///< for display
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

/// The figures of a piece, which lasts from its first note's start to its last note's end.
/// @param notes  in any order
[[nodiscard]] Statistics statistics(std::span<const Note> notes);

/// One figure of each piece that has it.
template <class Figures>
[[nodiscard]] std::vector<double> values_of(const std::vector<Figures>& pieces, const Figure<Figures>& which) {
  std::vector<double> all;
  for (const Figures& piece : pieces)
    if (const double value = piece.*which.value; std::isfinite(value)) all.push_back(value);
  return all;
}

/// Groove consistency: 1 - the mean share of the positions in a bar at which one bar has an onset and the next has
/// none, or vice versa (MusPy, after Wu and Yang, ISMIR 2020). It needs bars, which tokens in steps of 10 ms do not
/// have.
/// @param bars       in seconds, ascending: where each bar begins, and where the last one ends
/// @param positions  in a bar; an onset belongs to the nearest
/// @return  NaN for fewer than two bars
[[nodiscard]] double groove_consistency(std::span<const Note> notes, std::span<const double> bars, int positions = 16);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "statistics.ipp"
#endif
