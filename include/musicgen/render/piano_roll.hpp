// Songs as pictures: time to the right, pitch upwards, a color a track, louder notes darker. Several songs lie one
// below the other, on the same axes.
//
// Pure functions: any number of threads may call them.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "../analyze/analysis.hpp"
#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "canvas.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct PianoRollOptions {
  int width = 1200, height = 520;                          ///< pixels, 320 by 200 for each song at least
  std::string title = {};                                  ///< over the picture, none if empty
  std::optional<std::chrono::duration<double>> mark = {};  ///< a vertical line there, ...
  std::string mark_label = {};                             ///< ... with this beside it, in the first song
  std::chrono::duration<double> length{0};                 ///< what begins later is left out; 0: nothing is
  std::optional<Analysis> analysis = {};  ///< of `draw_piano_roll`'s score: bars, phrases and chords are drawn
};

/// One of several songs in a picture.
struct PianoRollSong {
  Score score;
  std::string label;                        ///< over its notes
  std::chrono::duration<double> offset{0};  ///< by which it is moved to the right, or, under 0, to the left
  std::vector<int> colors = {};  ///< the number of each track that has notes, by which it is colored; empty: 0, 1, ...

  std::optional<Analysis> analysis = {};  ///< bars as lines, phrases and chords in two strips over the notes

  int color(std::size_t track) const { return track < colors.size() ? colors[track] : static_cast<int>(track); }
};

/// The piano rolls of everything but the drums, one below the other; the legend names the first song's tracks.
/// @throws Error  for a size that is too small, or over 20,000 pixels
[[nodiscard]] Canvas draw_piano_rolls(std::span<const PianoRollSong> songs, const PianoRollOptions& options = {});

/// The piano roll of one song.
/// @throws Error  likewise
[[nodiscard]] Canvas draw_piano_roll(const Score& score, const PianoRollOptions& options = {});

/// Draws the piano roll into a PNG file, which is replaced in one step.
/// @throws Error  likewise, or if the file cannot be written
void write_piano_roll(const std::filesystem::path& file, const Score& score, const PianoRollOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

// Compiled where it is included, also where musicgen::compiled is linked, which would else need libpng.
#include "piano_roll.ipp"
