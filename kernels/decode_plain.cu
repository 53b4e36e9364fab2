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
            const Tensors<const float> w = std::as_const(weights->parameters).tensors();
            const Dimensions& d = parameters.layout.dimensions;
            weights->table.resize(d.V, 4 * d.H);
            gru_inputs({w, nullptr}, 0, {w.embedding()}, weights->table.view());
            return weights;
          }(),
          B, window, attention) {}

DecoderState PlainDecoder::make_state() const {
  const Dimensions& d = weights_->parameters.layout.dimensions;
  const std::size_t outputs = static_cast<std::size_t>(B_) * static_cast<std::size_t>(d.H);
  DecoderState state;
  state.parts.resize(static_cast<std::size_t>(d.L) + 1);
  for (auto& h : state.parts) h.resize(outputs);
  state.parts.back().resize(static_cast<std::size_t>(window_) * outputs);
  return state;
}

void PlainDecoder::step(const Batch& tokens, DecoderState& state, FactorMatrix& logits) {
  const Dimensions& d = weights_->parameters.layout.dimensions;
  const Weights w{weights_->parameters.tensors(), nullptr};
  const std::size_t output_bytes = Matrix<float>::bytes(B_, d.H);
  gru_.resize(static_cast<std::size_t>(d.L));
  Matrix<float>& gates = gru_[0].gates.exact;
  gates.resize(B_, 4 * d.H);
  kernels::gather_rows(weights_->table.data(), tokens.tokens(), B_, 4 * d.H, gates.data(), launches());
  gru_steps(w, 0, B_, state.parts[0].data(), gru_[0]);
  for (std::size_t l = 1; l < gru_.size(); ++l)
    gru_forward(w, static_cast<int>(l), gru_[l - 1].outputs(B_), B_, state.parts[l].data(), gru_[l]);
  for (std::size_t l = 0; l < gru_.size(); ++l)
    copy(state.parts[l].data(), gru_[l].outputs(B_).exact.data, output_bytes);

  const Factor top = gru_.back().outputs(B_);
  const View<float> ring{state.parts.back().data(), window_ * B_, d.H, d.H};
  context_.resize(B_, d.H, false);
  scores_.resize(B_, window_);
  attention_step(top.exact, ring, B_, state.steps, attention_, scores_, context_.exact.view());
  head_forward(w, top, context_.view(), head_, logits);
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
