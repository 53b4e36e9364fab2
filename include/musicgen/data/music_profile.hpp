// What a model knows about its training music, besides its weights.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Computed by `Corpus::profile()`, stored in the model's file, used by the sampler. What is unknown is empty.
struct MusicProfile {
  std::vector<int> programs{};  ///< General MIDI program of track K; empty: unknown
  /// The median of the songs' longest notes: the longest of all is often a mistake.
  std::optional<std::chrono::milliseconds> max_note_length{};
  std::optional<std::chrono::milliseconds> usual_length{};  ///< the median of the songs' lengths
  std::optional<int> usual_velocity{};                      ///< 1..127; the median of the songs' mean velocities
  std::optional<bool> sustain{};                            ///< whether the sustain pedal was applied to note ends

  bool operator==(const MusicProfile&) const = default;
};

}  // namespace musicgen::inline MUSICGEN_ABI
