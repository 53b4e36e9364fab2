// Definitions of presets.hpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "presets.hpp"

namespace musicgen::inline MUSICGEN_ABI::presets {

namespace detail {

/// Of a profile's lengths, which are whole steps of 10 ms.
inline std::optional<std::chrono::duration<double>> at_least(const std::optional<std::chrono::milliseconds>& length,
                                                             std::chrono::milliseconds least) {
  if (!length) return std::nullopt;
  return std::max(*length, least);
}

}  // namespace detail

MUSICGEN_INLINE Plain plain(const MusicProfile& profile) {
  using namespace std::chrono_literals;
  return Plain({.length = detail::at_least(profile.max_note_length, 1s)},
               {.after = detail::at_least(profile.usual_length, 1ms)});
}

MUSICGEN_INLINE Lifelike lifelike(const MusicProfile& profile) {
  const Plain plainly = plain(profile);
  return Lifelike(plainly.get<MaxNoteLength>(), {.usual = profile.usual_velocity, .strength = 0.08f},
                  {.density = -0.2f, .variation = 1}, {.strength = 0.4f, .variation = 1}, {.penalty = 0.3f},
                  {.penalty = 0.6f}, {.length = std::chrono::seconds(4)}, plainly.get<EndBias>(), {.sharpness = 1},
                  {.temperature = 1.09f, .min_p = 0.055f}, {.temperature = 1.05f, .variation = 1}, {}, {}, {}, {});
}

MUSICGEN_INLINE Lifelike lifelike_beats(const MusicProfile& profile) {
  const Plain plainly = plain(profile);
  // A song ends with a phrase, most of a minute after the bias has begun.
  EndBias end = plainly.get<EndBias>();
  if (end.after) *end.after *= 0.62;
  return Lifelike(plainly.get<MaxNoteLength>(), {.usual = profile.usual_velocity}, {}, {}, {}, {}, {}, end, {}, {}, {},
                  {.penalty = 10}, {.penalty = 10}, {.min_p = 0.05f}, {.min_p = 0.9f, .repeat_bias = 1.5f});
}

}  // namespace musicgen::inline MUSICGEN_ABI::presets
