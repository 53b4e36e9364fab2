// Composes plain pop songs from a seed, for lessons and tests that have no other music.
//
// A song has a form such as "IABABCBO": intro, verses, choruses, bridge and outro, in bars of four quarters. The
// material of each letter (a chord progression, a tune, a piano figure) is made once, so that verses resemble each
// other and differ from choruses; what returns is varied a little. Tunes repeat a motif from bar to bar over the
// changing harmony. All matters of taste are in the tables of composer.ipp; the code there only reads them.
#pragma once

#include <cstdint>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../midi/score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct ComposerOptions {
  int min_tempo = 70, max_tempo = 140;         ///< quarters per minute
  double min_seconds = 45, max_seconds = 120;  ///< if no form fits, the nearest one is taken
  bool human = true;                           ///< a few milliseconds early or late, a little louder or softer
  bool operator==(const ComposerOptions&) const = default;
};

/// A song with the tracks MELODY, BRIDGE and PIANO. Equal seeds and options give equal songs.
/// @throws Error  for a minimum over its maximum, or a tempo outside 20 to 400
[[nodiscard]] Score compose(std::uint64_t seed, const ComposerOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "composer.ipp"
#endif
