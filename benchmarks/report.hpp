// How the benchmarks report what they measured: operations or bytes per second, and as a fraction of the ceiling, which
// is measured before the first report.
#pragma once

#include <benchmark/benchmark.h>
#include <algorithm>
#include <chrono>

#include "work.hpp"

namespace musicgen::benchmarks {

/// The best rate of a few rounds, which work that does not fit into the caches can hardly exceed.
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

/// Operations per second of a large product, bytes per second of a read from memory; on all threads.
struct Ceilings {
  double flops, bytes;
};
inline const Ceilings& ceilings() {
  static const Ceilings measured = [] {
    SquareProduct product(1024), larger(2048);  // which of them is faster depends on the caches
    StreamingRead read(std::size_t{1} << 28);
    return Ceilings{std::max(best_rate(product, product.flops(), 20), best_rate(larger, larger.flops())),
                    best_rate(read, read.bytes())};
  }();
  return measured;
}

/// For work that consists mostly of products.
/// @param bytes  of inputs and outputs, each counted once; 0: not counted, and the work has no place under the roofline
inline void report_flops(::benchmark::State& state, double flops, double bytes = 0) {
  using ::benchmark::Counter;
  state.counters["flop/s"] = Counter(flops, Counter::kIsIterationInvariantRate);
  state.counters["of_product"] = Counter(flops / ceilings().flops, Counter::kIsIterationInvariantRate);
  if (bytes > 0) state.counters["flop/byte"] = flops / bytes;
}
/// For work that consists mostly of reads and writes.
inline void report_bytes(::benchmark::State& state, double bytes, double flops = 0) {
  using ::benchmark::Counter;
  state.counters["bytes/s"] = Counter(bytes, Counter::kIsIterationInvariantRate);
  state.counters["of_read"] = Counter(bytes / ceilings().bytes, Counter::kIsIterationInvariantRate);
  if (flops > 0) state.counters["flop/byte"] = flops / bytes;
}

}  // namespace musicgen::benchmarks
