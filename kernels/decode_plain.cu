#include <algorithm>
#include <musicgen/backend/cuda/decoder_strategies.hpp>
#include <utility>

#include "embedding.cuh"
#include "launch.hpp"

namespace musicgen::inline MUSICGEN_ABI::cuda {

PlainDecoder::PlainDecoder(const Parameters& parameters, int B, int window, AttentionOptions attention)
    : PlainDecoder(
          [&] {
            auto weights = std::make_shared<Shared>(Shared{parameters, {}});
            embedding_table({std::as_const(weights->parameters).tensors(), nullptr}, weights->table);
            return weights;
          }(),
          B, window, attention) {}

DecoderState PlainDecoder::make_state() const {
  const Dimensions& d = weights_->parameters.layout.dimensions;
  const auto songs = static_cast<std::size_t>(B_), outputs = songs * static_cast<std::size_t>(d.H),
             window = static_cast<std::size_t>(window_);
  DecoderState state;
  state.parts.resize(static_cast<std::size_t>(d.L) + 1);
  for (auto& h : state.parts) h.resize(outputs);
  state.parts.back().resize(window * outputs);
  if (d.copies) state.after.resize(window * songs);
  if (d.places) state.places.resize(window * songs);
  return state;
}

void PlainDecoder::step(const Batch& batch, DecoderState& state, FactorMatrix& logits) {
  const bool copies = weights_->parameters.layout.dimensions.copies;
  const Weights w{weights_->parameters.tensors(), nullptr};
  run_layers(w, batch, state);
  attend(w, batch, state);
  head_forward(w, gru_.back().outputs(B_), context_.view(), head_, copies ? outputs_ : logits);
  if (copies) mix_copies(batch, state, logits);
}

void PlainDecoder::run_layers(const Weights& w, const Batch& batch, DecoderState& state) {
  const Dimensions& d = w.exact.layout->dimensions;
  gru_.resize(static_cast<std::size_t>(d.L));
  Matrix<float>& gates = gru_[0].gates.exact;
  gates.resize(B_, 4 * d.H);
  kernels::gather_rows(weights_->table.data(), {batch.tokens(), batch.contexts(), batch.sizes.parts}, B_, 4 * d.H,
                       gates.data(), launches());
  gru_steps(w, 0, B_, state.parts[0].data(), gru_[0]);
  for (std::size_t l = 1; l < gru_.size(); ++l)
    gru_forward(w, static_cast<int>(l), gru_[l - 1].outputs(B_), B_, state.parts[l].data(), gru_[l]);
  for (std::size_t l = 0; l < gru_.size(); ++l)
    copy(state.parts[l].data(), gru_[l].outputs(B_).exact.data, Matrix<float>::bytes(B_, d.H));
}

void PlainDecoder::attend(const Weights& w, const Batch& batch, DecoderState& state) {
  const Dimensions& d = w.exact.layout->dimensions;
  const View<float> ring{state.parts.back().data(), window_ * B_, d.H, d.H};
  AttentionPlaces places;
  if (d.places) places = {state.places.data(), batch.places(), w.exact.place()};
  context_.resize(B_, d.H, false);
  scores_.resize(B_, window_);
  worth_.resize(d.places ? static_cast<std::size_t>(B_) : 0);
  attention_step(gru_.back().outputs(B_).exact, ring, B_, state.steps, attention_, places, worth_, scores_,
                 context_.exact.view());
  if (d.places)  // the new output's in the oldest one's place, as in the ring
    copy(state.places.data() + state.steps % window_ * B_, batch.places(), static_cast<std::size_t>(B_) * sizeof(int));
}

void PlainDecoder::mix_copies(const Batch& batch, DecoderState& state, FactorMatrix& logits) {
  if (state.steps > 0)
    copy(state.after.data() + (state.steps - 1) % window_ * B_, batch.tokens(),
         static_cast<std::size_t>(B_) * sizeof(int));
  const int count = static_cast<int>(std::min<std::int64_t>(state.steps, window_));
  mix_copies_of_step(scores_, count, state.after.data(), outputs_.exact, logits.exact);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
