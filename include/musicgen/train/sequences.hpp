// A batch of windows laid out as the network reads it, time outermost.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "../backend/backend.hpp"
#include "../core/config.hpp"
#include "../core/random.hpp"
#include "../data/batches.hpp"
#include "../model.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Holds the tokens that a `Sequences` looks at; its memory is used again.
class TrainingSequences {
 public:
  /// Window by window, input_length + target_length tokens each: all but the last go in, the last target_length are
  /// asked for. What lies past a song's end goes in as `$` and is not asked for.
  void assign(const Batch& batch, const Vocabulary& vocabulary) {
    B_ = batch.B;
    input_length_ = batch.input_length;
    Q_ = batch.target_length;
    const int length = input_length_ + Q_;
    inputs_.resize(at(length - 1, 0));
    targets_.resize(at(Q_, 0));
    for (int b = 0; b < B_; ++b)
      for (int t = 0; t < length; ++t) {
        const Token token = batch.row(b)[static_cast<std::size_t>(t)];
        if (t + 1 < length) inputs_[at(t, b)] = token == no_token ? vocabulary.end() : token;
        if (t >= input_length_) targets_[at(t - input_length_, b)] = token;
      }
  }

  /// Puts the model's own best guesses in place of true tokens: after the first input_length, each input is the true
  /// token with probability `teacher_forcing`, otherwise the argmax of the logits before it. The guess is a choice, so
  /// no gradient flows through it, and the batch trains like any other afterwards.
  template <Backend B>
  void force(const Model<B>& model, double teacher_forcing, Random random) {
    const int T = input_length_ + Q_ - 1;
    auto decoder = model.decoder(B_, T);
    for (int t = 0; t < T; ++t) {
      const auto& logits = decoder.step(std::span(inputs_).subspan(at(t, 0), static_cast<std::size_t>(B_)));
      if (t + 1 < input_length_ || t + 1 == T) continue;
      for (int b = 0; b < B_; ++b)
        if (random.uniform() >= teacher_forcing) {
          const auto* row = logits.row(b).data();
          inputs_[at(t + 1, b)] = static_cast<Token>(std::max_element(row, row + logits.cols()) - row);
        }
    }
  }

  Sequences view() const { return {B_, input_length_ + Q_ - 1, Q_, inputs_, targets_}; }
  std::int64_t target_count() const {
    return std::count_if(targets_.begin(), targets_.end(), [](Token t) { return t != no_token; });
  }

 private:
  std::size_t at(int t, int b) const {
    return static_cast<std::size_t>(t) * static_cast<std::size_t>(B_) + static_cast<std::size_t>(b);
  }

  int B_ = 0, input_length_ = 0, Q_ = 0;
  std::vector<Token> inputs_, targets_;
};

}  // namespace musicgen::inline MUSICGEN_ABI
