// Which bars of a song repeat the melody of an earlier phrase.
//
// A chorus comes back note for note, or nearly so: in POP909 58 % of the bars of returning phrases have exactly the
// melody of the same bar of the last phrase with their letter. Whether a bar does is decided once, as part of the plan,
// and not anew with every note: a melody of which nine notes in ten are copied does not come back.
#pragma once

#include <span>
#include <vector>

#include "../core/config.hpp"
#include "plan.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct GridNote;

/// The bars whose melody, the notes of the first track, begins note for note as in the same bar of the last phrase with
/// the same letter, in pitches and steps; not those in which no note of it begins. Ascending.
/// @param notes  in the order of their starts
[[nodiscard]] std::vector<int> repeated_bars(std::span<const GridNote> notes, const Plan& plan);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "repeats.ipp"
#endif
