// Sampling: a token of a song, complete; and steps of the decoder alone, for one song and for many.
#include "report.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::benchmarks;

void tokens(benchmark::State& state, const Dimensions& d, int window, Precision precision) {
  Sampling work(d, precision, window, 1);
  work.run(100);
  for (auto _ : state) work.run(1);
  report_bytes(state, work.bytes());
  state.counters["tokens/s"] = benchmark::Counter(1, benchmark::Counter::kIsIterationInvariantRate);
}

void decoder(benchmark::State& state, const Dimensions& d, int window, Precision precision, int songs) {
  Sampling work(d, precision, window, songs);
  for (auto _ : state) work.step();
  report_bytes(state, work.bytes());
  state.counters["tokens/s"] = benchmark::Counter(songs, benchmark::Counter::kIsIterationInvariantRate);
}

const bool registered = [] {
  for (const auto& [name, H, L, window] : {std::tuple("256x2", 256, 2, 500), {"1028x3", 1028, 3, 1000}})
    for (const std::string precision : {"fp32", "bf16", "int8"}) {
      const auto add = [&, &name = name](const std::string& what, auto... arguments) {
        benchmark::RegisterBenchmark((what + "/" + name + "/" + precision).c_str(), arguments...)->UseRealTime();
      };
      add("sample", tokens, dimensions(H, L), window, precision_of(precision));
      for (const int songs : {1, 8, 64})
        add("decoder/songs:" + std::to_string(songs), decoder, dimensions(H, L), window, precision_of(precision),
            songs);
    }
  return true;
}();

}  // namespace
