// A plan as an analysis: where the beats, bars, chords and phrases of a song that was written by it are, for pictures.
#pragma once

#include "../analyze/analysis.hpp"
#include "../core/config.hpp"
#include "plan_request.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// What the plan says of the bars that begin before `end`, the first at 0 s: 4/4 and 120 beats a minute where it says
/// nothing else, one key, and of phrases and chords what it has. Metre and tempo are those of the first bar.
/// Thread-safe.
/// @throws Error  as require_valid(), or for an end that is not finite
[[nodiscard]] Analysis analysis_of(const PlanRequest& plan, Seconds end);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "plan_analysis.ipp"
#endif
