// Windows of songs, drawn for training or fixed for validation.
//
// A batch is a pure function of the corpus, the options, the seed and the step, so resuming a run needs no other state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../tokens/vocabulary.hpp"
#include "augment.hpp"
#include "song.hpp"

namespace musicgen::inline MUSICGEN_ABI {

class Corpus;

/// How windows are drawn.
struct BatchOptions {
  int batch = 32;                         ///< B, 1 to 65535
  std::array<int, 2> input_length{1, 1};  ///< lowest and highest; drawn for each batch
  int target_length = 255;
  double start_probability = 0.01;  ///< that a window begins at the start of its song
  double end_probability = 0;       ///< that one of the others ends with its song, as hardly any does by chance
  Augmentation augmentation{};      ///< for training windows only
};

/// Where a row of a batch comes from.
struct Window {
  std::size_t song = 0;   ///< index into Corpus::songs()
  std::size_t first = 0;  ///< start of a group; index into the song without what is left out of it
  AugmentationDraw change{};
  std::vector<SoundingNote> sounding{};  ///< at the window's start, as changed, in order of onset
  bool operator==(const Window&) const = default;
};

/// B windows of one size. The first `input_length` tokens of each are only inputs; the others are targets, and inputs
/// for later targets. Past the end of a song, rows hold `no_token`: as a target it is ignored, as an input it is `$`.
/// Every row has at least one target.
struct Batch {
  int B = 0, input_length = 0, target_length = 0;
  std::vector<Token> tokens;      ///< (B, input_length + target_length)
  std::vector<Window> windows;    ///< (B)
  std::vector<Token> contexts{};  ///< (B, input_length + target_length, Context::parts); empty for performances

  int length() const { return input_length + target_length; }
  std::span<const Token> row(int b) const {
    const auto size = static_cast<std::size_t>(length());
    return std::span(tokens).subspan(static_cast<std::size_t>(b) * size, size);
  }
  bool operator==(const Batch&) const = default;
};

/// @throws Error  naming the option and its value
void require_valid(const BatchOptions& options);
/// Also checks the options against the vocabulary's language.
/// @throws Error  as above; for transpose or tempo in the language of beats, or leave_out without beats
void require_valid(const BatchOptions& options, const Vocabulary& vocabulary);

/// The batch of a training step. Songs are drawn in proportion to their length, among those with more tokens than the
/// input. A window starts anywhere in the song that leaves room for it; in a shorter song, at `^`. In the training
/// split every window is augmented. What is left out is left out of the whole song: contexts do not know of it either,
/// and windows are cut from what remains. Row b depends only on (corpus, split, options, seed, step, b).
/// @throws Error  for options that are not valid for the corpus's vocabulary, or if the split has no songs
[[nodiscard]] Batch make_batch(const Corpus& corpus, Split split, const BatchOptions& options, std::uint64_t seed,
                               std::uint64_t step);

/// The i-th validation batch: fixed windows of unchanged music. Those of batches 0 to n-1 are spread evenly over the
/// split's tokens, for every n. `start_probability` and `end_probability` are ignored.
/// @throws Error  for options out of their ranges, or if the split has no songs
[[nodiscard]] Batch validation_batch(const Corpus& corpus, const BatchOptions& options, std::uint64_t i,
                                     Split split = Split::validation);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "batches.ipp"
#endif
