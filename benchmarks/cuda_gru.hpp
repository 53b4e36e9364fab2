// What the GRU's benchmarks on a GPU report alike, ours and the rival's.
#pragma once

#include "cuda_measure.hpp"

namespace musicgen::benchmarks::gpu {

/// Times all T steps of a layer: a product of 3H^2 each, whatever the direction.
template <class Work>
void measure_steps(benchmark::State& state, int B, int H, bool in_16_bits, Work&& work) {
  measure(state, {0, 6.0 * T * B * H * H, in_16_bits}, work);
  using benchmark::Counter;
  state.counters["step"] =
      Counter(T, static_cast<Counter::Flags>(Counter::kIsIterationInvariantRate | Counter::kInvert));
}

}  // namespace musicgen::benchmarks::gpu
