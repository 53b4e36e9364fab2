// Whether a tune returns, which is how a listener recognizes a chorus.
//
// Pure functions: any number of threads may call them.
#pragma once

#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../midi/score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The tune of a score: the notes of its first melodic track as one voice, by onset. Of a chord, notes that begin
/// within 40 ms of its first, the highest. (POP909's first track is the melody.)
[[nodiscard]] std::vector<Note> melody_line(const Score& score);

struct RecurrenceOptions {
  int notes = 7;         ///< of a run, at least three
  double begin = 45;     ///< seconds from the melody's first note; only runs that begin later are counted
  double distance = 20;  ///< seconds; a run heard more recently than that is still the same phrase
};

/// How much of a melody has been heard before, and how long ago.
struct Recurrence {
  double share;  ///< of the runs that begin late enough, those heard before; NaN if there are no such runs
  double after;  ///< seconds since the latest hearing, median over those runs; NaN if none was heard before
};

/// The share of a melody's runs of notes that return. Two runs are equal if their pitch intervals are, and the ratios r
/// of successive times between onsets, as round(log2 r) clipped to +-2; so neither transposition nor tempo matters, and
/// a rhythm may be a little uneven. This is the share of n-grams that occurred before, as novelty.hpp has it between
/// songs, after Conklin and Anagnostopoulou, "Representation and discovery of multiple viewpoint patterns" (ICMC 2001),
/// whose viewpoints include intervals and ratios of inter-onset times.
/// @param melody  by onset, one voice
/// @throws Error  for runs of fewer than three notes
[[nodiscard]] Recurrence melody_recurrence(std::span<const Note> melody, const RecurrenceOptions& options = {});

/// The rests of a melody.
struct MelodyRests {
  double share;   ///< of the time from its first onset to its last note's end; NaN without notes
  double median;  ///< seconds; NaN if it has none
};

/// A melody's rests: silences of at least half a second.
/// @param melody  by onset
[[nodiscard]] MelodyRests melody_rests(std::span<const Note> melody);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "recurrence.ipp"
#endif
