// A training step: forward, backward and Adam, with products in fp32 or bf16, at the shapes of the original's stages in
// batches of 32, and at that of the default stage, with the loss on all positions of 256 tokens.
#include "report.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::benchmarks;

void step(benchmark::State& state, const Dimensions& d, const BatchShape& s, Precision products) {
  TrainingStep work(d, s, products);
  work.run();  // allocates memory
  for (auto _ : state) work.run();
  report_flops(state, training_flops(d, s));
  state.counters["tokens/s"] = benchmark::Counter(s.B * s.T, benchmark::Counter::kIsIterationInvariantRate);
}

const bool registered = [] {
  for (const auto& [name, H, L] : {std::tuple("256x2", 256, 2), {"1028x3", 1028, 3}}) {
    const auto add = [&, &name = name, d = dimensions(H, L)](const std::string& stage, const BatchShape& s) {
      for (const auto& [work, products] : {std::pair("train/", Precision::fp32), {"train bf16/", Precision::bf16}})
        benchmark::RegisterBenchmark((work + std::string(name) + "/" + stage).c_str(), step, d, s, products)
            ->UseRealTime()
            ->Unit(benchmark::kMillisecond);
    };
    for (int stage = 1; stage <= 4; ++stage) add("stage " + std::to_string(stage), stage_shape(stage));
    add("all positions", {32, 255, 255});
  }
  return true;
}();

}  // namespace
