// Windows of songs, drawn for training or fixed for validation.
//
// A batch is a pure function of the corpus, the options, the seed and the step: a run that goes on where another
// stopped needs no state but these.
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
  std::array<int, 2> input_length{1, 1};  ///< lowest and highest; one is drawn for each batch
  int target_length = 255;
  double start_probability = 0.01;  ///< with which a window begins at the start of its song
  double end_probability = 0;       ///< with which one of the others ends at its end, as they hardly ever do by chance
  Augmentation augmentation{};      ///< of training windows only
};

/// Where a row of a batch comes from.
struct Window {
  std::size_t song = 0;   ///< index into Corpus::songs()
  std::size_t first = 0;  ///< token of the song, the start of a group; counted without what is left out of it
  AugmentationDraw change{};
  std::vector<SoundingNote> sounding{};  ///< at the window's start, as changed, in the order in which they began
  bool operator==(const Window&) const = default;
};

/// B windows of one size. The first `input_length` tokens of each are input alone, the others targets (and inputs of
/// the targets after them). Past the end of a song stands `no_token`: as a target it does not count, as an input it is
/// `$`. Every row has at least one target.
struct Batch {
  int B = 0, input_length = 0, target_length = 0;
  std::vector<Token> tokens;      ///< (B, input_length + target_length)
  std::vector<Window> windows;    ///< (B)
  std::vector<Token> contexts{};  ///< (B, input_length + target_length, Context::parts); none of performances

  int length() const { return input_length + target_length; }
  std::span<const Token> row(int b) const {
    const auto size = static_cast<std::size_t>(length());
    return std::span(tokens).subspan(static_cast<std::size_t>(b) * size, size);
  }
  bool operator==(const Batch&) const = default;
};

/// @throws Error  that names the option and its value
void require_valid(const BatchOptions& options);
/// That windows can be drawn so from songs of a language, besides.
/// @throws Error  likewise, and for transpose and tempo in the language of beats, or leave_out without beats
void require_valid(const BatchOptions& options, const Vocabulary& vocabulary);

/// The batch of a training step. Songs are drawn as often as they are long, among those with more tokens than the
/// input; starts are anywhere in the song that leaves room for the window, a short song's at `^`. In the training split
/// every window is changed as the augmentation says; what is left out of a song is nowhere in it, so that contexts do
/// not know of it either, and windows go on in what is left. Row b depends on (corpus, split, options, seed, step, b)
/// alone.
/// @throws Error  for options that are not valid for the corpus's vocabulary, or if the split has no songs
[[nodiscard]] Batch make_batch(const Corpus& corpus, Split split, const BatchOptions& options, std::uint64_t seed,
                               std::uint64_t step);

/// The i-th batch for validation: always the same, unchanged music; the windows of batches 0 to n-1 are spread evenly
/// over the split's tokens, for every n. Starts with `start_probability`, and ends with `end_probability`, are left
/// out.
/// @throws Error  for options out of their ranges, or if the split has no songs
[[nodiscard]] Batch validation_batch(const Corpus& corpus, const BatchOptions& options, std::uint64_t i,
                                     Split split = Split::validation);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "batches.ipp"
#endif
