// Songs from nothing but a number: pop of the plainest kind, for lessons and tests that have no other music.
//
// A song is a form such as "IABABCBO": intro, verses, choruses, bridge and outro, in bars of four quarters. Every
// letter has its material (a chord progression, a tune, a piano figure), made once, so that verses resemble each other
// and differ from choruses; what comes back is varied a little. Tunes are made of a motif that the next bar takes up
// where the harmony is by then. The tables in composer.ipp hold all that is taste; the code there only reads them.
#pragma once

#include <cstdint>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../midi/score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct ComposerOptions {
  int min_tempo = 70, max_tempo = 140;         ///< quarters a minute
  double min_seconds = 45, max_seconds = 120;  ///< the form nearest to this is taken where none fits
  bool human = true;                           ///< a few milliseconds early or late, a little louder or softer
  bool operator==(const ComposerOptions&) const = default;
};

/// A song with the tracks MELODY, BRIDGE and PIANO. Equal seeds and options give equal songs.
/// @throws Error  for a least tempo or length that is over the greatest
[[nodiscard]] Score compose(std::uint64_t seed, const ComposerOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "composer.ipp"
#endif
