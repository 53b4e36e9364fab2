#include <algorithm>
#include <musicgen/backend/cuda/decode.hpp>
#include <musicgen/core/error.hpp>
#include <string>
#include <utility>

#include "embedding.cuh"
#include "launch.hpp"

namespace musicgen::cuda {

namespace {

std::size_t bytes_of(const Buffer<float>& b) {
  return b.size() * sizeof(float);
}

}  // namespace

Decoder::Decoder(const Parameters& parameters, int B, int window, Precision precision)
    : Decoder(
          [&] {
            if (precision != Precision::fp32) throw Error("decoder: on a GPU weights are in fp32, not in bf16 or int8");
            auto weights = std::make_shared<SharedWeights>(SharedWeights{parameters, {}});
            const Tensors<const float> w = std::as_const(weights->parameters).tensors();
            const Dimensions& d = parameters.layout.dimensions;
            weights->table.resize(d.V, 4 * d.H);
            gru_inputs({w, nullptr}, 0, {w.embedding()}, weights->table.view());
            return weights;
          }(),
          B, window) {}

Decoder::Decoder(std::shared_ptr<const SharedWeights> weights, int B, int window)
    : weights_(std::move(weights)), B_(B), window_(window) {
  if (B < 1 || window < 1)
    throw Error("decoder: " + std::to_string(B) + " songs, an attention window of " + std::to_string(window));
  const Dimensions& d = weights_->parameters.layout.dimensions;
  gru_.resize(static_cast<std::size_t>(d.L));
  state_.h.resize(gru_.size());
  for (auto& h : state_.h) h.resize(static_cast<std::size_t>(B) * static_cast<std::size_t>(d.H));
  state_.outputs.set_zero(window * B, d.H);
  scores_.resize(B, window);
  reset();
}

const HostMatrix& Decoder::step(std::span<const Token> tokens) {
  if (std::ssize(tokens) != B_)
    throw Error("decoder: " + std::to_string(tokens.size()) + " tokens for " + std::to_string(B_) + " songs");
  const Dimensions& d = weights_->parameters.layout.dimensions;
  const Weights w{weights_->parameters.tensors(), nullptr};
  batch_.assign(tokens, {}, d.V);
  Matrix<float>& gates = gru_[0].gates.exact;
  gates.resize(B_, 4 * d.H);
  kernels::gather_rows(weights_->table.data(), batch_.tokens(), B_, 4 * d.H, gates.data(), launches());
  gru_steps(w, 0, B_, state_.h[0].data(), gru_[0]);
  for (std::size_t l = 1; l < gru_.size(); ++l)
    gru_forward(w, static_cast<int>(l), gru_[l - 1].outputs(B_), B_, state_.h[l].data(), gru_[l]);
  for (std::size_t l = 0; l < gru_.size(); ++l)
    copy(state_.h[l].data(), gru_[l].outputs(B_).exact.data, bytes_of(state_.h[l]));

  const Factor top = gru_.back().outputs(B_);
  context_.resize(B_, d.H, false);
  attention_step(top.exact, state_.outputs.view(), B_, static_cast<int>(std::min<std::int64_t>(state_.steps, window_)),
                 scores_, context_.exact.view());
  const int place = static_cast<int>(state_.steps % window_) * B_;
  copy(state_.outputs.view().row_range(place, B_).data, top.exact.data, bytes_of(state_.h.back()));
  head_forward(w, top, context_.view(), head_, logits_);
  ++state_.steps;
  host_logits_.copy_from(logits_.exact);
  synchronize();
  return host_logits_;
}

void Decoder::restore(const State& state) {
  if (state.h.size() != state_.h.size() || state.h[0].size() != state_.h[0].size() ||
      state.outputs.rows() != state_.outputs.rows() || state.outputs.columns() != state_.outputs.columns())
    throw Error("decoder: the state is of another model, batch or window");
  state_ = state;
}

void Decoder::reset() {
  for (auto& h : state_.h) h.set_zero();
  state_.steps = 0;
}

}  // namespace musicgen::cuda
