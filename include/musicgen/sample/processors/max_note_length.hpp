// Ends notes that have sounded for too long, as a model does not always remember to.
//
// A note whose time is over has to end before anything else comes, and no gap leads beyond that time: all else is
// forbidden. Needs the grammar, and has no effect without it.
//
// With the length that no note of at least half of the training songs exceeds, the longest of 400 songs' notes lasts
// 4.55 s; the longest training note, which was a mistake, 29.5 s (docs/results.md).
#pragma once

#include <chrono>
#include <optional>

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct MaxNoteLength {
  std::optional<std::chrono::duration<double>> length{};  ///< a second or more; none: any time

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "max_note_length.ipp"
#endif
