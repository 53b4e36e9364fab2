// Ends songs when they are as long as music usually is.
//
//   x($) += ((t - t0 - after)_+ - (min(after / 4, 30 s) - t)_+) / 5 s       t: the time, t0: that of the prompt
//
// A model is sure of an end where a song comes to one, and hardly ever writes itself into such a place, so that by its
// own probabilities songs go on for ten minutes and more. A growing bias takes the next place that is good for an end;
// a cut would take any. With it the bundled model's songs end after 277 to 347 s; the training songs' median is 250 s
// (docs/results.md). In the first half minute it is rarer likewise: an end there is an accident.
//
// In a song of phrases it holds in each one's last bar and between two. Notes that end there leave `$` alone to come,
// so they get the same.
#pragma once

#include <chrono>
#include <optional>

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct EndBias {
  std::optional<std::chrono::duration<double>> after{};  ///< as MusicProfile::usual_length; none: as the model says

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "end_bias.ipp"
#endif
