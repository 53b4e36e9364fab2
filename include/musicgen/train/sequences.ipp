// Definitions of sequences.hpp.
#pragma once

#include <algorithm>
#include <span>

#include "../core/error.hpp"
#include "../tokens/context.hpp"
#include "sequences.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void TrainingSequences::assign(const Batch& batch, const Vocabulary& vocabulary, bool with_contexts) {
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
  contexts_.resize(with_contexts ? inputs_.size() * Context::parts : 0);
  if (!with_contexts) return;
  const auto place = [](std::size_t position) { return static_cast<std::ptrdiff_t>(position * Context::parts); };
  for (int b = 0; b < B_; ++b)
    for (int t = 0; t + 1 < length; ++t) {
      const auto from = static_cast<std::size_t>(b) * static_cast<std::size_t>(length) + static_cast<std::size_t>(t);
      std::copy_n(batch.contexts.begin() + place(from), Context::parts, contexts_.begin() + place(at(t, b)));
    }
}

template <Backend B>
void TrainingSequences::force(const Model<B>& model, double teacher_forcing, Random random) {
  if (model.dimensions().C > 0) throw Error("teacher forcing under 1 is not for models with contexts");
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

MUSICGEN_INLINE std::int64_t TrainingSequences::target_count() const {
  return std::count_if(targets_.begin(), targets_.end(), [](Token t) { return t != no_token; });
}

}  // namespace musicgen::inline MUSICGEN_ABI
