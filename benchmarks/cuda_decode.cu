// Tokens on a GPU: a step of cuda::Decoder with the way back of its logits, as a sampler waits for it, by the host's
// clock; and many tokens drawn in one launch. Three layers, the window of 1024 earlier outputs being full.
#include <chrono>
#include <kernels/decode.cuh>
#include <kernels/elementwise.cuh>
#include <kernels/launch.hpp>
#include <musicgen/backend/cuda/decode.hpp>
#include <musicgen/backend/cuda/kernel_policy.hpp>
#include <type_traits>

#include "cuda_measure.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::benchmarks::gpu;

constexpr int L = 3, window = 1024;

/// Of weights, once, and earlier outputs, for each song: their scores and their weighted sum.
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
  cuda::kernels_in_use() = cuda::Kernels::resident;  // for others; this one has chosen
  for (int i = 0; i < window; ++i) decoder.step(tokens);
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    decoder.step(tokens);
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  report(state, cost_of_a_token(B, H, bf16 ? 2 : 4));
}

/// A token of the many in a launch, each drawn from what the one before it leads to.
template <class Weight>
void many(benchmark::State& state, int B, int H) {
  constexpr int draws = 256;
  const kernels::DecodeShape shape{B, V, H, L, window};
  const kernels::DecodeGrid grid = kernels::decode_grid(shape, device::limits());
  if (!kernels::decode_fits<Weight>(shape, grid)) return state.SkipWithError("does not fit");
  const auto unsigned_of = [](int n) { return static_cast<std::size_t>(n); };
  const cuda::Buffer<float> source = random_numbers(shape.rows() * unsigned_of(shape.width())),
                            table = random_numbers(unsigned_of(4 * V * H)),
                            biases = random_numbers(unsigned_of(4 * L * H)), b1 = random_numbers(unsigned_of(H)),
                            b2 = random_numbers(V);
  cuda::Buffer<Weight> rows(source.size());
  if constexpr (std::is_same_v<Weight, float>)
    rows = source;
  else
    kernels::round(source.data(), static_cast<std::int64_t>(source.size()), rows.data(), cuda::launches());
  cuda::Buffer<unsigned char> memory(kernels::DecodeState<Weight>::bytes(shape)),
      work(kernels::DecodeWork::bytes(shape));
  memory.set_zero();
  const std::int64_t steps = window;
  cuda::copy(memory.data(), &steps, sizeof steps);
  cuda::Buffer<float> logits(unsigned_of(B * V));
  cuda::Buffer<int> given(unsigned_of(B)), tokens(unsigned_of(draws * B));
  cuda::Buffer<double> log_probabilities(tokens.size());
  given.set_zero();
  std::vector<kernels::Generator> songs;
  for (int b = 0; b < B; ++b) songs.push_back({5, static_cast<std::uint64_t>(b)});
  cuda::Buffer<kernels::Generator> generators(songs.size());
  cuda::copy(generators.data(), songs.data(), songs.size() * sizeof(kernels::Generator));

  kernels::DecodeRun run{given.data(), 1, draws, logits.data()};
  run.rules = {V, {.top_p = 0.95f}};
  run.generators = generators.data();
  run.tokens = tokens.data();
  run.log_probabilities = log_probabilities.data();
  const kernels::DecodeBuffers<Weight> buffers{shape,
                                               {rows.data(), table.data(), biases.data(), b1.data(), b2.data()},
                                               {shape, memory.data()},
                                               {shape, work.data()}};
  const auto launch = [&] { kernels::decode<Weight>(buffers, run, grid, cuda::launches()); };
  launch();
  for (auto _ : state) state.SetIterationTime(seconds(1, launch) / draws);
  report(state, cost_of_a_token(B, H, sizeof(Weight)));
}

const bool registered = [] {
  add("decode/step/fp32", step<false>, all_batches, all_hidden, 200);
  add("decode/step/fp32/plain kernels", step<false, cuda::Kernels::plain>, all_batches, all_hidden, 200);
  add("decode/step/bf16", step<true>, all_batches, all_hidden, 200);
  add("decode/256 in a launch/fp32", many<float>, {1, 4}, all_hidden, 5);
  add("decode/256 in a launch/bf16", many<device::bf16>, {1, 4}, all_hidden, 5);
  return true;
}();

}  // namespace
