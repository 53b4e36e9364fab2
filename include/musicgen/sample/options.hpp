// What a sampler can be asked for, and what of it is each song's own.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "../backend/backend.hpp"
#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../core/random.hpp"
#include "../tokens/grammar.hpp"
#include "bias.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct SamplerOptions {
  float temperature = 1;           ///< 0: always the most probable token
  int top_k = 0;                   ///< 0: all
  float top_p = 1;                 ///< 1: all
  float min_p = 0;                 ///< 0: all
  float pitch_temperature = 1;     ///< of the choice among note-ons alone, before the others; see choose.hpp
  float pitch_top_p = 1;           ///< likewise
  float pitch_min_p = 0;           ///< likewise
  float velocity_temperature = 1;  ///< what temperature is multiplied by where a note's velocity is chosen; over 0
  float calm = 0;  ///< a time step of s seconds is (s / 0.15)^calm times as likely: over 0 fewer notes, under 0 more
  float keep_key = 0;  ///< how much a song stays in its key: a pitch class with less than half of an equal share of the
                       ///< recent notes is less likely, by that ratio to this power; see key_memory.hpp
  float keep_loudness = 0;  ///< a velocity that is d away from the usual one of the music that the model learned from
                            ///< is e^(-keep_loudness (d / 20)^2) times as likely, before temperatures; no effect where
                            ///< the model does not know it (MusicProfile::usual_velocity)
  float keep_together = 0;  ///< a note that begins up to 80 ms after another, and not with it, is e^-keep_together
                            ///< times as likely, and a time step that leads there as if half of them led to a note:
                            ///< chords fall together, and what is not meant as one keeps off it
  float thin_chords = 0;    ///< a note that begins with two others or more is e^-thin_chords times as likely; under 0:
                            ///< thicker chords
  float keep_time = 0;  ///< how much time steps that are nearly as long as each other compete, after all else that is
                        ///< asked for and before temperatures: 1: one twice as probable as another next to it becomes
                        ///< nearly four times; steadier rhythm; see keep_time.hpp
  float variety = 0;  ///< how much songs differ from each other in their calm, in how strictly they keep their key and
                      ///< in how evenly they are played: each has these three options times factors of its own, half
                      ///< of them over 1 (so what is 0 stays 0); see `Traits`
  std::uint64_t seed = 1;
  bool grammar = true;      ///< only tokens that the grammar allows
  double longest_note = 0;  ///< seconds, under the grammar; 0: as in the music that the model learned from
  double ending_after = 0;  ///< seconds, not counting a prompt, from which on `$` is e times more likely every five;
                            ///< 0: the usual length of the music that the model learned from; infinity: as the model
                            ///< says. Before a quarter of that, and half a minute, counting a prompt, `$` is e times
                            ///< rarer for every five seconds that are missing
  double longest_rest = 0;  ///< seconds without a new note from which on time steps are e times less likely every
                            ///< second, so that something happens; 0: as the model says
  Bias bias = {};           ///< (V) or empty; see bias.hpp
  /// Called at each step to add to the bias (V; at first `bias`, or zeros, and what the options above add, but for
  /// keep_time, which comes last), knowing
  /// what has come so far (without the grammar: nothing).
  std::function<void(std::span<float> bias, const Grammar& so_far)> steer = {};
  int attention_window = 2048;  ///< earlier tokens that attention sees; memory and time of a step grow with it
  Precision precision = Precision::fp32;  ///< of the weights; fewer bytes are faster
};

namespace presets {
/// A choice among some thirty settings, by how close songs of the model that comes along are to real ones
/// (docs/results.md). For other models and music it is a guess.
inline SamplerOptions lifelike() {
  return {.pitch_temperature = 1.09f,
          .pitch_min_p = 0.055f,
          .velocity_temperature = 1.05f,
          .calm = 0.2f,
          .keep_key = 0.4f,
          .keep_loudness = 0.08f,
          .keep_together = 0.6f,
          .thin_chords = 0.3f,
          .keep_time = 1,
          .variety = 1,
          .longest_rest = 4};
}
}  // namespace presets

namespace detail {
/// @throws Error  unless it holds
inline void require_option(bool holds, const char* option, const char* what) {
  if (!holds) throw Error(std::string("sampler: ") + option + " has to be " + what);
}
}  // namespace detail

/// @throws Error  naming the option that is out of range; the bias is not looked at
inline void require_in_range(const SamplerOptions& options) {
  const auto require = detail::require_option;
  require(options.temperature >= 0 && std::isfinite(options.temperature), "temperature", "at least 0");
  require(options.top_k >= 0, "top_k", "at least 0");
  require(options.top_p > 0 && options.top_p <= 1, "top_p", "over 0 and at most 1");
  require(options.min_p >= 0 && options.min_p <= 1, "min_p", "in 0..1");
  require(options.pitch_temperature > 0 && std::isfinite(options.pitch_temperature), "pitch_temperature", "over 0");
  require(options.pitch_top_p > 0 && options.pitch_top_p <= 1, "pitch_top_p", "over 0 and at most 1");
  require(options.pitch_min_p >= 0 && options.pitch_min_p <= 1, "pitch_min_p", "in 0..1");
  require(options.velocity_temperature > 0 && std::isfinite(options.temperature * options.velocity_temperature),
          "velocity_temperature", "over 0, and finite times the temperature");
  require(std::abs(options.calm) <= 10, "calm", "in -10..10");
  require(options.keep_key >= 0 && options.keep_key <= 10, "keep_key", "in 0..10");
  require(options.keep_loudness >= 0 && options.keep_loudness <= 10, "keep_loudness", "in 0..10");
  require(options.keep_together >= 0 && options.keep_together <= 10, "keep_together", "in 0..10");
  require(std::abs(options.thin_chords) <= 10, "thin_chords", "in -10..10");
  require(options.keep_time >= 0 && options.keep_time <= 10, "keep_time", "in 0..10");
  require(options.variety >= 0 && options.variety <= 10, "variety", "in 0..10");
  require(options.attention_window >= 1, "attention_window", "at least 1");
  require(options.longest_note == 0 || (options.longest_note >= 1 && options.longest_note < 1e9), "longest_note",
          "at least a second");
  require(options.ending_after >= 0, "ending_after", "at least 0");
  require(options.longest_rest >= 0, "longest_rest", "at least 0");
}

/// What one song has of its own. Songs of a model are more alike than those that it learned from: four in ten real
/// songs have no note outside one scale, and some many; some are slow; some are played evenly, some not.
///
///   calm e^(0.5 variety z_1),  velocity_temperature e^(0.3 variety z_2),  keep_key e^(1.2 variety z_3),  z ~ N(0, 1)
struct Traits {
  float calm, velocity_temperature, keep_key;

  /// As the options say, without variety.
  explicit Traits(const SamplerOptions& options)
      : calm(options.calm), velocity_temperature(options.velocity_temperature), keep_key(options.keep_key) {}

  /// Of song number `song`.
  Traits(const SamplerOptions& options, std::uint64_t song) : Traits(options) {
    Random random(options.seed, ~song);
    const auto factor = [&](float deviation) {
      return std::exp(std::clamp(options.variety * deviation * static_cast<float>(random.normal()), -5.0f, 5.0f));
    };
    calm *= factor(0.5f);
    velocity_temperature *= factor(0.3f);
    keep_key *= factor(1.2f);
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI
