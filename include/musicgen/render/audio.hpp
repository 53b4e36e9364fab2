// A song as sound, rendered by FluidSynth faster than real time. Needs a General MIDI soundfont, which is searched for
// when it is needed.
//
// Any number of threads may call these functions. FluidSynth's own error messages, which are global, are switched off.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

#include "../core/config.hpp"
#include "../midi/score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// How a song is played.
struct AudioOptions {
  std::filesystem::path soundfont = {};   ///< if empty, the one that `find_soundfont()` finds
  double gain = 0.6;                      ///< 0..10; FluidSynth's own default is 0.2, which is faint
  std::chrono::duration<double> tail{2};  ///< for the last notes to fade away
};

inline constexpr int audio_sample_rate = 44100;  ///< frames a second

/// The soundfont that MUSICGEN_SOUNDFONT names, else one that the distribution has installed, preferably for General
/// MIDI; nothing if there is none.
[[nodiscard]] std::optional<std::filesystem::path> find_soundfont();

/// Renders the score, including drums, to a WAV file: 16 bits, stereo, 44,100 Hz. The file is replaced in one step.
/// @throws Error  if there is no soundfont, if it cannot be loaded, or if the song is too long for such a file (6.7 h)
void write_wav(const std::filesystem::path& file, const Score& score, const AudioOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

// Always compiled where it is included: otherwise musicgen::compiled would need FluidSynth.
#include "audio.ipp"
