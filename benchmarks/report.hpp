// How the benchmarks say what they measured: operations or bytes a second, and what part that is of the ceiling, which
// is measured before the first of them is reported.
#pragma once

#include <benchmark/benchmark.h>
#include <algorithm>
#include <chrono>

#include "work.hpp"

namespace musicgen::benchmarks {

/// The best of a few rounds: what work that does not fit into the caches can hardly exceed.
template <class Work>
double best_rate(Work& work, double amount, int rounds = 5) {
  double best = 0;
  for (int i = 0; i < rounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    ::benchmark::DoNotOptimize(&work);
    work.run();
    best = std::max(best, amount / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

/// Operations a second of a large product, bytes a second of a read from memory; on all threads.
struct Ceilings {
  double flops, bytes;
};
inline const Ceilings& ceilings() {
  static const Ceilings measured = [] {
    SquareProduct product(1024), larger(2048);  // which of them is quicker depends on the caches
    StreamingRead read(std::size_t{1} << 28);
    return Ceilings{std::max(best_rate(product, product.flops(), 20), best_rate(larger, larger.flops())),
                    best_rate(read, read.bytes())};
  }();
  return measured;
}

/// For work that products take most of.
/// @param bytes  of inputs and outputs, each counted once; 0: not counted, the work has no place under the roofline
inline void report_flops(::benchmark::State& state, double flops, double bytes = 0) {
  using ::benchmark::Counter;
  state.counters["flop/s"] = Counter(flops, Counter::kIsIterationInvariantRate);
  state.counters["of_product"] = Counter(flops / ceilings().flops, Counter::kIsIterationInvariantRate);
  if (bytes > 0) state.counters["flop/byte"] = flops / bytes;
}
/// For work that reads and writes take most of.
inline void report_bytes(::benchmark::State& state, double bytes, double flops = 0) {
  using ::benchmark::Counter;
  state.counters["bytes/s"] = Counter(bytes, Counter::kIsIterationInvariantRate);
  state.counters["of_read"] = Counter(bytes / ceilings().bytes, Counter::kIsIterationInvariantRate);
  if (flops > 0) state.counters["flop/byte"] = flops / bytes;
}

}  // namespace musicgen::benchmarks
