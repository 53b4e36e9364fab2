#include <algorithm>
#include <musicgen/backend/cuda/decode.hpp>
#include <musicgen/backend/cuda/kernel_policy.hpp>
#include <musicgen/core/error.hpp>
#include <string>
#include <utility>

namespace musicgen::inline MUSICGEN_ABI::cuda {

namespace {

void require_songs(int B, int window) {
  if (B < 1 || window < 1)
    throw Error("decoder: " + std::to_string(B) + " songs, an attention window of " + std::to_string(window));
}

template <class Number>
bool resident(const Dimensions& d, int window) {
  return kernels_in_use() == Kernels::resident && ResidentDecoder<Number>::supports(d, window);
}

}  // namespace

// The resident kernel if it fits, for any B, although it reads all weights for every four songs while the plain kernels
// read them once for all: from which B on these are faster has not been measured (benchmarks/cuda_decode.cu).
Decoder::Way Decoder::way_for(const Parameters& parameters, int B, int window, Precision precision,
                              AttentionOptions attention) {
  require_songs(B, window);
  const Dimensions& d = parameters.layout.dimensions;
  if (precision == Precision::int8) throw Error("decoder: on a GPU weights are in fp32 or bf16, not in int8");
  if (precision == Precision::bf16) {
    if (resident<bf16>(d, window)) return ResidentDecoder<bf16>(parameters, B, window, attention);
    throw Error("decoder: weights in bf16 with " + std::to_string(d.H) + " hidden units and an attention window of " +
                std::to_string(window) + " do not fit on the GPU's multiprocessors: take fp32");
  }
  if (resident<float>(d, window)) return ResidentDecoder<float>(parameters, B, window, attention);
  return PlainDecoder(parameters, B, window, attention);
}

Decoder::Decoder(const Parameters& parameters, int B, int window, Precision precision, AttentionOptions attention)
    : Decoder(way_for(parameters, B, window, precision, attention), parameters.layout.dimensions.V, B) {}

Decoder::Decoder(Way way, int V, int B) : way_(std::move(way)), V_(V), B_(B) {
  state_ = std::visit([](const auto& one) { return one.make_state(); }, way_);
  reset();
}

Decoder Decoder::of_batch(int B) const {
  require_songs(B, 1);
  return Decoder(std::visit([B](const auto& one) { return Way(one.of_batch(B)); }, way_), V_, B);
}

const HostMatrix& Decoder::step(std::span<const Token> tokens, std::span<const Token>) {
  if (std::ssize(tokens) != B_)
    throw Error("decoder: " + std::to_string(tokens.size()) + " tokens for " + std::to_string(B_) + " songs");
  batch_.assign(tokens, {}, V_);
  std::visit([&](auto& one) { one.step(batch_, state_, logits_); }, way_);
  ++state_.steps;
  host_logits_.copy_from(logits_.exact);
  synchronize();
  return host_logits_;
}

void Decoder::restore(const State& state) {
  const auto same_size = [](const auto& a, const auto& b) { return a.size() == b.size(); };
  if (!std::equal(state.parts.begin(), state.parts.end(), state_.parts.begin(), state_.parts.end(), same_size))
    throw Error("decoder: the state is of another model, batch, window or precision");
  state_ = state;
}

void Decoder::reset() {
  for (auto& part : state_.parts) part.set_zero();
  state_.steps = 0;
}

}  // namespace musicgen::inline MUSICGEN_ABI::cuda
