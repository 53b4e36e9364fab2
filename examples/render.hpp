// Pictures and sound of a song, where this program was built with the libraries for them.
#pragma once

#include <filesystem>
#include <musicgen/core/error.hpp>
#include <musicgen/midi/score.hpp>
#include <optional>
#include <string>

#ifdef MUSICGEN_HAS_PIANO_ROLL
#include <musicgen/render/piano_roll.hpp>
#endif
#ifdef MUSICGEN_HAS_DISTRIBUTIONS
#include <musicgen/render/distributions.hpp>
#endif
#ifdef MUSICGEN_HAS_AUDIO
#include <musicgen/render/audio.hpp>
#endif

/// @throws Error  if this program makes none
inline void require_pictures() {
#if !defined(MUSICGEN_HAS_PIANO_ROLL) || !defined(MUSICGEN_HAS_DISTRIBUTIONS)
  throw musicgen::Error("--picture: this program was built without libpng");
#endif
}
inline void require_audio() {
#ifndef MUSICGEN_HAS_AUDIO
  throw musicgen::Error("--audio: this program was built without FluidSynth");
#endif
}

/// @param mark  where a continuation begins, in seconds
inline void render_picture([[maybe_unused]] const std::filesystem::path& file,
                           [[maybe_unused]] const musicgen::Score& score, [[maybe_unused]] const std::string& title,
                           [[maybe_unused]] std::optional<double> mark) {
#ifdef MUSICGEN_HAS_PIANO_ROLL
  musicgen::write_piano_roll(file, score,
                             {.title = title, .mark_seconds = mark, .mark_label = mark ? "continuation" : ""});
#else
  require_pictures();
#endif
}

inline void render_audio([[maybe_unused]] const std::filesystem::path& file,
                         [[maybe_unused]] const musicgen::Score& score) {
#ifdef MUSICGEN_HAS_AUDIO
  musicgen::write_wav(file, score);
#else
  require_audio();
#endif
}
