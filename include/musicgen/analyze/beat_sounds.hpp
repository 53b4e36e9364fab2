// Internal: what sounds in each beat: how long each pitch class sounds, and the lowest pitch.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "../core/config.hpp"
#include "beat_notes.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

struct BeatSounds {
  using Chroma = std::array<float, 12>;  ///< how long each pitch class sounds, in beats
  static constexpr int silent = 128;     ///< the lowest pitch where nothing sounds

  std::vector<Chroma> chroma;  ///< of each beat, of all notes but the drums
  std::vector<int> lowest;     ///< the lowest pitch of each half beat
};

/// A note counts for at most `most` beats, since a struck string fades, and for at least a quarter beat.
inline BeatSounds beat_sounds(const std::vector<BeatNote>& notes, std::size_t beats) {
  constexpr double least = 0.25, most = 4;
  BeatSounds sounds{std::vector<BeatSounds::Chroma>(beats), std::vector<int>(2 * beats, BeatSounds::silent)};
  for (const BeatNote& note : notes) {
    if (note.track < 0) continue;
    const double start = std::max(0.0, std::round(note.start * 4) / 4);
    const double end = std::min({std::max(note.end, start + least), start + most, static_cast<double>(beats)});
    for (auto i = static_cast<std::size_t>(start); static_cast<double>(i) < end; ++i) {
      const auto beat = static_cast<double>(i);
      sounds.chroma[i][as_index(note.pitch % 12)] +=
          static_cast<float>(std::min(end, beat + 1) - std::max(start, beat));
    }
    for (auto i = static_cast<std::size_t>(2 * start); static_cast<double>(i) < 2 * end - 0.25; ++i)
      sounds.lowest[i] = std::min(sounds.lowest[i], note.pitch);
  }
  return sounds;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
