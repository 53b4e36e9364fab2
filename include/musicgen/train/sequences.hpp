// A batch of windows laid out as the network reads it, time outermost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../backend/backend.hpp"
#include "../core/config.hpp"
#include "../core/random.hpp"
#include "../data/batches.hpp"
#include "../model/model.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Holds the tokens that a `Sequences` refers to, reusing its memory. One thread at a time.
class TrainingSequences {
 public:
  /// Takes windows of input_length + target_length tokens: all but the last are inputs, the last target_length are
  /// targets. Past a song's end, inputs are `$` and there are no targets.
  /// @param with_contexts  whether the model takes the batch's contexts
  void assign(const Batch& batch, const Vocabulary& vocabulary, bool with_contexts = false);

  /// Replaces true tokens by the model's own best guesses: after the first input_length, each input is the true token
  /// with probability `teacher_forcing`, otherwise the argmax of the logits before it. No gradient flows through a
  /// guess, and afterwards the batch trains like any other.
  /// @throws Error  for a model with contexts
  template <Backend B>
  void force(const Model<B>& model, double teacher_forcing, Random random);

  Sequences view() const { return {B_, input_length_ + Q_ - 1, Q_, inputs_, targets_, contexts_}; }
  [[nodiscard]] std::int64_t target_count() const;

 private:
  std::size_t at(int t, int b) const {
    return static_cast<std::size_t>(t) * static_cast<std::size_t>(B_) + static_cast<std::size_t>(b);
  }

  int B_ = 0, input_length_ = 0, Q_ = 0;
  std::vector<Token> inputs_, targets_, contexts_;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "sequences.ipp"
#endif
