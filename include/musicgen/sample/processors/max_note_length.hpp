// Ends notes that have sounded for too long, which a model sometimes forgets to do.
//
// A note whose time is over must end before anything else comes, and no gap leads beyond that time: everything else is
// forbidden. Has no effect without the grammar.
//
// With the length that no note exceeds in at least half of the training songs, the longest note of 400 songs lasts 4.55
// s; the longest training note, a mistake, lasts 29.5 s (docs/results.md).
#pragma once

#include <chrono>
#include <optional>

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct MaxNoteLength {
  std::optional<std::chrono::duration<double>> length{};  ///< at least a second; none: no limit

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "max_note_length.ipp"
#endif
