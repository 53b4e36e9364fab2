// Pictures and sound of a song, if the program was built with the libraries for them.
#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <musicgen/analyze/analysis.hpp>
#include <musicgen/core/error.hpp>
#include <musicgen/midi/score.hpp>
#include <optional>
#include <string>
#include <vector>

#ifdef MUSICGEN_HAS_PIANO_ROLL
#include <musicgen/render/piano_roll.hpp>
#endif
#ifdef MUSICGEN_HAS_DISTRIBUTIONS
#include <musicgen/render/distributions.hpp>
#endif
#ifdef MUSICGEN_HAS_CURVES
#include <musicgen/render/curves.hpp>
#endif
#ifdef MUSICGEN_HAS_AUDIO
#include <musicgen/render/audio.hpp>
#endif

/// @throws Error  if this program was built without
inline void require_pictures() {
#if !defined(MUSICGEN_HAS_PIANO_ROLL) || !defined(MUSICGEN_HAS_DISTRIBUTIONS) || !defined(MUSICGEN_HAS_CURVES)
  throw musicgen::Error("this program was built without libpng, which pictures need");
#endif
}
inline void require_audio() {
#ifndef MUSICGEN_HAS_AUDIO
  throw musicgen::Error("--audio: this program was built without FluidSynth");
#endif
}

inline void render_picture([[maybe_unused]] const std::filesystem::path& file,
                           [[maybe_unused]] const musicgen::Score& score, [[maybe_unused]] const std::string& title) {
#ifdef MUSICGEN_HAS_PIANO_ROLL
  musicgen::write_piano_roll(file, score, {.title = title});
#else
  require_pictures();
#endif
}

/// A song with its bars, chords and phrases, wide enough for the names of chords.
inline void render_analysis([[maybe_unused]] const std::filesystem::path& file,
                            [[maybe_unused]] const musicgen::Score& score,
                            [[maybe_unused]] const musicgen::Analysis& analysis,
                            [[maybe_unused]] const std::string& title) {
#ifdef MUSICGEN_HAS_PIANO_ROLL
  const auto bars = static_cast<int>(std::min<std::size_t>(analysis.bars.size(), 490));
  musicgen::write_piano_roll(
      file, score, {.width = std::max(1200, 76 + 40 * bars), .height = 640, .title = title, .analysis = analysis});
#else
  require_pictures();
#endif
}

/// A prompt and its continuation by the model, above the song from which the prompt was taken. Both begin with the same
/// note, since silence before it is not part of a prompt.
/// @param tracks          the numbers that the tracks of `score` have in the original
/// @param prompt_seconds  where the continuation begins
inline void render_continuation([[maybe_unused]] const std::filesystem::path& file,
                                [[maybe_unused]] const musicgen::Score& score,
                                [[maybe_unused]] const std::vector<int>& tracks,
                                [[maybe_unused]] const musicgen::Score& original,
                                [[maybe_unused]] const std::string& title, [[maybe_unused]] double prompt_seconds) {
#ifdef MUSICGEN_HAS_PIANO_ROLL
  using Seconds = std::chrono::duration<double>;
  const auto begin = [](const musicgen::Score& song) {
    double first = song.duration();
    for (const musicgen::Note& note : song.notes()) first = std::min(first, note.start);
    return first;
  };
  const musicgen::PianoRollSong songs[] = {{score, "prompt and continuation", Seconds(0), tracks},
                                           {original, "the original", Seconds(begin(score) - begin(original))}};
  musicgen::draw_piano_rolls(songs, {.height = 900,
                                     .title = title,
                                     .mark = Seconds(prompt_seconds),
                                     .mark_label = "continuation",
                                     .length = Seconds(score.duration())})
      .write_png(file);
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
