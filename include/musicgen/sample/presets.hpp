// Chains of processors to begin with.
#pragma once

#include "../core/config.hpp"
#include "../data/music_profile.hpp"
#include "processor.hpp"
#include "processors/chord_size_penalty.hpp"
#include "processors/density.hpp"
#include "processors/end_bias.hpp"
#include "processors/max_note_length.hpp"
#include "processors/max_rest.hpp"
#include "processors/near_onset_penalty.hpp"
#include "processors/note_sampling.hpp"
#include "processors/opening_rest.hpp"
#include "processors/phrase_returns.hpp"
#include "processors/pitch_class_prior.hpp"
#include "processors/pitch_sampling.hpp"
#include "processors/steady_beat.hpp"
#include "processors/timing_sharpness.hpp"
#include "processors/velocity_prior.hpp"
#include "processors/velocity_temperature.hpp"

namespace musicgen::inline MUSICGEN_ABI::presets {

using Plain = Chain<MaxNoteLength, EndBias>;
using Lifelike =
    Chain<MaxNoteLength, VelocityPrior, Density, PitchClassPrior, ChordSizePenalty, NearOnsetPenalty, MaxRest, EndBias,
          TimingSharpness, PitchSampling, VelocityTemperature, OpeningRest, SteadyBeat, NoteSampling, PhraseReturns>;

/// As the model says it, but that notes and songs last no longer than in the music that it learned from.
[[nodiscard]] Plain plain(const MusicProfile& profile);

/// A choice among some thirty settings, by how close songs of the model of performances are to real ones
/// (docs/results.md). For other models and music it is a guess.
[[nodiscard]] Lifelike lifelike(const MusicProfile& profile);

/// For models in the language of beats, which keep time and key by themselves: plain() with an earlier end, plausible
/// notes, phrases that return, a note at the start, and one tempo. The other processors are there and do nothing until
/// they are asked to.
[[nodiscard]] Lifelike lifelike_beats(const MusicProfile& profile);

/// Of a model: what it knows of its music is in its profile. lifelike() is that of its language.
template <class M>
[[nodiscard]] Plain plain(const M& model) {
  return plain(model.config().profile);
}
template <class M>
[[nodiscard]] Lifelike lifelike(const M& model) {
  const auto& config = model.config();
  return config.vocabulary && config.vocabulary->has_beats() ? lifelike_beats(config.profile)
                                                             : lifelike(config.profile);
}

}  // namespace musicgen::inline MUSICGEN_ABI::presets

#ifndef MUSICGEN_COMPILED
#include "presets.ipp"
#endif
