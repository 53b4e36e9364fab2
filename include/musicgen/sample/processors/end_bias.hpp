// Ends songs when they are as long as music usually is.
//
//   x($) += ((t - t0 - after)_+ - (min(after / 2, 60 s) - t)_+) / 5 s       t: the time, t0: that of the prompt
//
// A model is sure of the end where a song comes to one, but hardly ever writes its way there, so that by its own
// probabilities songs go on for ten minutes and more. A growing bias takes the next good place for an end; a cut would
// take any. With it songs of the model of performances end after 277 to 347 s; the training songs' median is 250 s
// (docs/results.md). In the first minute the bias makes the end less likely: there it is an accident.
//
// In a song with phrases it applies only in the last bar of a phrase and between two phrases. Between them a note-off
// rules out another phrase, so note-offs get the same bias.
#pragma once

#include <chrono>
#include <optional>

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct EndBias {
  std::optional<std::chrono::duration<double>> after{};  ///< such as MusicProfile::usual_length; none: no bias

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "end_bias.ipp"
#endif
