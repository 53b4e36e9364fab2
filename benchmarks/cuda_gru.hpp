// What all GRU benchmarks on a GPU report, ours and the rival's.
#pragma once

#include "cuda_measure.hpp"

namespace musicgen::benchmarks::gpu {

/// What all steps of a layer read and write, counted as in kernels/gru_persistent.cuh, and the weights once.
inline double bytes_of_steps(int B, int H, bool backward, bool in_bf16) {
  const int of_a_unit = backward ? 24 + 16 + (in_bf16 ? 8 : 0) : 16 + 20 + (in_bf16 ? 2 : 0);
  return 1.0 * of_a_unit * T * B * H + (in_bf16 ? 2.0 : 4.0) * 3 * H * H;
}

/// Times all T steps of a layer: a product of 3H^2 each, forward or backward.
/// @param bytes  0: not known
template <class Work>
void measure_steps(benchmark::State& state, int B, int H, double bytes, bool in_16_bits, Work&& work) {
  measure(state, {bytes, 6.0 * T * B * H * H, in_16_bits}, work);
  using benchmark::Counter;
  state.counters["step"] =
      Counter(T, static_cast<Counter::Flags>(Counter::kIsIterationInvariantRate | Counter::kInvert));
}

}  // namespace musicgen::benchmarks::gpu
