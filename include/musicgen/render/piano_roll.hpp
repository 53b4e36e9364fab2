// Songs as pictures: time to the right, pitch upwards, one color per track, louder notes darker. Several songs are
// drawn one below the other, on the same axes.
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
  int width = 1200, height = 520;                          ///< pixels, at least 320, and 200 for each song
  std::string title = {};                                  ///< above the picture, none if empty
  std::optional<std::chrono::duration<double>> mark = {};  ///< a vertical line at this time, ...
  std::string mark_label = {};                             ///< ... with this beside it, in the first song
  std::chrono::duration<double> length{0};                 ///< notes that begin later are left out; 0: no limit
  std::optional<Analysis> analysis = {};  ///< of the score of `draw_piano_roll`: its bars, phrases and chords are drawn
};

/// One of several songs in a picture.
struct PianoRollSong {
  Score score;
  std::string label;                        ///< above its notes
  std::chrono::duration<double> offset{0};  ///< moves it to the right or, if negative, to the left
  std::vector<int> colors = {};             ///< the color number of each track that has notes; empty: 0, 1, ...

  std::optional<Analysis> analysis = {};  ///< bars as lines, phrases and chords in two strips above the notes

  int color(std::size_t track) const { return track < colors.size() ? colors[track] : static_cast<int>(track); }
};

/// The piano rolls of several songs, without drums, one below the other; the legend names the tracks of the first.
/// @throws Error  for a size that is too small or over 20,000 pixels
[[nodiscard]] Canvas draw_piano_rolls(std::span<const PianoRollSong> songs, const PianoRollOptions& options = {});

/// The piano roll of one song.
/// @throws Error  as above
[[nodiscard]] Canvas draw_piano_roll(const Score& score, const PianoRollOptions& options = {});

/// Draws the piano roll into a PNG file, which is replaced in one step.
/// @throws Error  as above, or if the file cannot be written
void write_piano_roll(const std::filesystem::path& file, const Score& score, const PianoRollOptions& options = {});

}  // namespace musicgen::inline MUSICGEN_ABI

// Always compiled where it is included: otherwise musicgen::compiled would need libpng.
#include "piano_roll.ipp"
