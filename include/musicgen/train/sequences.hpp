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

/// Holds the tokens that a `Sequences` looks at; its memory is used again. One thread at a time.
class TrainingSequences {
 public:
  /// Window by window, input_length + target_length tokens each: all but the last go in, the last target_length are
  /// asked for. What lies past a song's end goes in as `$` and is not asked for.
  /// @param with_contexts  whether the model takes the batch's contexts
  void assign(const Batch& batch, const Vocabulary& vocabulary, bool with_contexts = false);

  /// Puts the model's own best guesses in place of true tokens: after the first input_length, each input is the true
  /// token with probability `teacher_forcing`, otherwise the argmax of the logits before it. The guess is a choice, so
  /// no gradient flows through it, and the batch trains like any other afterwards.
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
