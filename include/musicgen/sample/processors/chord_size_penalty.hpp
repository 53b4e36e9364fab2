// Chords of fewer notes, or of more.
//
//   x(+p) -= penalty      where two notes or more have begun in this step
//
// Without it chords have a tenth more notes than in real songs, and with steadier timing even more: the median song has
// 1.94 notes per onset with 0.3, 1.97 to 2.01 without, and 1.80 among real songs. The second note of a chord is exempt:
// making it rarer too would turn two voices into one (docs/experiments.md).
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct ChordSizePenalty {
  float penalty = 0;  ///< under 0: thicker chords; within -10..10

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "chord_size_penalty.ipp"
#endif
