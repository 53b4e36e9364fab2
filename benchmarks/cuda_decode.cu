// Tokens on a GPU: a step of cuda::Decoder including the copy of its logits to the host, as a sampler waits for it, by
// the host's clock. Three layers, with a full window of 1024 earlier outputs.
#include <chrono>
#include <musicgen/backend/cuda/decode.hpp>
#include <musicgen/backend/cuda/kernel_policy.hpp>
#include <vector>

#include "cuda_measure.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::benchmarks::gpu;

constexpr int L = 3, window = 1024;

/// The cost of the weights, once, and of earlier outputs, for each song: their scores and their weighted sum.
Cost cost_of_a_token(int B, int H, int bytes_of_a_number) {
  const double weights = 3.0 * H * H * (2 * L - 1) + 2.0 * H * H + 1.0 * H * V, outputs = 2.0 * B * window * H;
  return {bytes_of_a_number * (weights + outputs), 2 * (B * weights + outputs)};
}

template <bool bf16, cuda::Kernels kernels = cuda::Kernels::resident>
void step(benchmark::State& state, int B, int H) {
  cuda::Parameters weights = cuda::Parameters::zeros({V, 32, H, L});
  fill(weights.values.data(), weights.values.size());
  cuda::kernels_in_use() = kernels;
  cuda::Decoder decoder(weights, B, window, bf16 ? Precision::bf16 : Precision::fp32);
  const std::vector<Token> tokens(static_cast<std::size_t>(B), 7);
  cuda::kernels_in_use() = cuda::Kernels::resident;  // for the others; this decoder has chosen already
  for (int i = 0; i < window; ++i) decoder.step(tokens);
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    decoder.step(tokens);
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  report(state, cost_of_a_token(B, H, bf16 ? 2 : 4));
}

const bool registered = [] {
  add("decode/step/fp32", step<false>, all_batches, all_hidden, 200);
  add("decode/step/fp32/plain kernels", step<false, cuda::Kernels::plain>, all_batches, all_hidden, 200);
  add("decode/step/bf16", step<true>, all_batches, all_hidden, 200);
  return true;
}();

}  // namespace
