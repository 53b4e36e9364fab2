// How the benchmarks of a GPU measure: by its own clock, several calls at a time, in bytes and operations per second,
// and as fractions of the GPU's ceilings, which are measured in the same run.
#pragma once

#include <benchmark/benchmark.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <kernels/check.hpp>
#include <kernels/product.hpp>
#include <musicgen/backend/cuda/matrix.hpp>
#include <musicgen/core/error.hpp>
#include <musicgen/core/random.hpp>
#include <string>
#include <vector>

namespace musicgen::benchmarks::gpu {

inline constexpr int T = 256;  ///< of everything with steps
inline constexpr int V = 405;

using cuda::check;

inline cudaStream_t stream() {
  return reinterpret_cast<cudaStream_t>(cuda::stream());
}

/// Numbers within 0.1 of 0. Not zeros, since a GPU that multiplies zeros draws less power and runs faster.
inline void fill(float* to, std::size_t count) {
  static const std::vector<float> numbers = [] {
    Random random(1);
    std::vector<float> drawn(std::size_t{1} << 20);
    for (float& x : drawn) x = static_cast<float>(0.2 * random.uniform() - 0.1);
    return drawn;
  }();
  for (std::size_t at = 0; at < count; at += numbers.size())
    cuda::copy(to + at, numbers.data(), std::min(numbers.size(), count - at) * sizeof(float));
}
inline cuda::Buffer<float> random_numbers(std::size_t count) {
  cuda::Buffer<float> buffer(count);
  fill(buffer.data(), count);
  return buffer;
}
inline void resize_random(cuda::Matrix<float>& m, int rows, int columns) {
  m.resize(rows, columns);
  fill(m.data(), m.size());
}

/// Seconds per call of `work`, which only makes requests to the device.
template <class Work>
double seconds(int calls, Work&& work) {
  struct Event {
    cudaEvent_t event{};
    Event() { check(cudaEventCreate(&event)); }
    ~Event() { cudaEventDestroy(event); }
  } begin, end;
  check(cudaEventRecord(begin.event, stream()));
  for (int i = 0; i < calls; ++i) work();
  check(cudaEventRecord(end.event, stream()));
  check(cudaEventSynchronize(end.event));
  float milliseconds = 0;
  check(cudaEventElapsedTime(&milliseconds, begin.event, end.event));
  return milliseconds / 1e3 / calls;
}

/// The rates of a large copy within device memory, reading and writing, and of large cuBLAS products.
struct Ceilings {
  double bytes, fp32, bf16;
};
const Ceilings& ceilings();

/// The least that a call has to move and compute.
struct Cost {
  double bytes, flops;
  bool in_bf16 = false;  ///< the product that it is compared with
};

inline void report(benchmark::State& state, const Cost& cost) {
  const auto add = [&](const char* name, double amount) {
    if (amount > 0) state.counters[name] = benchmark::Counter(amount, benchmark::Counter::kIsIterationInvariantRate);
  };
  add("bytes/s", cost.bytes);
  add("of_copy", cost.bytes / ceilings().bytes);
  add("FLOP/s", cost.flops);
  add("of_product", cost.flops / (cost.in_bf16 ? ceilings().bf16 : ceilings().fp32));
}

template <class Work>
void measure(benchmark::State& state, const Cost& cost, Work&& work) {
  work();  // allocates memory
  for (auto _ : state) state.SetIterationTime(seconds(10, work));
  report(state, cost);
}

inline const std::vector<std::int64_t> all_batches{1, 32, 256}, all_hidden{256, 1028, 2048};

/// Adds a benchmark of `work(state, B, H)`. What does not fit in memory says so, and the others go on.
/// @param iterations  0: as many as take a while
template <class Work>
void add(const std::string& name, Work work, const std::vector<std::int64_t>& batches = all_batches,
         const std::vector<std::int64_t>& hidden = all_hidden, int iterations = 0) {
  const auto guarded = [work](benchmark::State& state) {
    try {
      work(state, static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
    } catch (const std::exception& e) {
      state.SkipWithError(e.what());
    }
  };
  benchmark::internal::Benchmark* const added = benchmark::RegisterBenchmark(name.c_str(), guarded);
  added->ArgNames({"B", "H"})->ArgsProduct({batches, hidden})->UseManualTime()->Unit(benchmark::kMicrosecond);
  if (iterations > 0)
    added->Iterations(iterations);
  else
    added->MinTime(0.05);
}

}  // namespace musicgen::benchmarks::gpu
