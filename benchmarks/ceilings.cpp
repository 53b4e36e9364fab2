// The machine's ceilings: the products and reads that the other benchmarks are compared with.
#include "report.hpp"

namespace {

using namespace musicgen::benchmarks;

void product(benchmark::State& state) {
  SquareProduct work(state.range(0));
  for (auto _ : state) work.run();
  const double n = static_cast<double>(state.range(0));
  report_flops(state, work.flops(), 3 * 4 * n * n);
}
BENCHMARK(product)
    ->Name("ceiling/product")
    ->Arg(512)
    ->Arg(1024)
    ->Arg(2048)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void read(benchmark::State& state) {
  StreamingRead work(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(work.run());
  report_bytes(state, work.bytes());
}
BENCHMARK(read)->Name("ceiling/read")->RangeMultiplier(8)->Range(1 << 19, 1 << 28)->UseRealTime();

}  // namespace
