// A song as sound, played by FluidSynth faster than it lasts. Needs a General MIDI soundfont, which is looked for when
// it is wanted.
//
// Any number of threads may call these, though FluidSynth has one way for all to say what went wrong, which is shut
// off.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

#include "../core/config.hpp"
#include "../midi/score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// How a song is played.
struct AudioOptions {
  std::filesystem::path soundfont = {};   ///< what `find_soundfont()` finds if empty
  double gain = 0.6;                      ///< 0..10; FluidSynth's own default is 0.2, which is faint
  std::chrono::duration<double> tail{2};  ///< for the last notes to die away
};

inline constexpr int audio_sample_rate = 44100;  ///< frames a second

/// The soundfont that MUSICGEN_SOUNDFONT names, else one of those that distributions install, a General MIDI one rather
/// than another; nothing where there is none.
[[nodiscard]] std::optional<std::filesystem::path> find_soundfont();

/// Plays the score, drums included, into a WAV file: 16 bits, stereo, 44,100 Hz. The file is replaced in one step.
/// @throws Error  if there is no soundfont, it cannot be loaded, or the song is longer than such a file can hold (6.7
///                h)
void write_wav(const std::filesystem::path& file, const Score& score, const AudioOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

// Compiled where it is included, also where musicgen::compiled is linked, which would else need FluidSynth.
#include "audio.ipp"
