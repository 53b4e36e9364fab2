// From a file to the first token: what a program waits for when it starts.
#include <unistd.h>
#include <filesystem>

#include "report.hpp"

namespace {

using namespace musicgen;

void first_token(benchmark::State& state, ModelConfig config) {
  const auto file =
      std::filesystem::temp_directory_path() / ("musicgen-" + std::to_string(::getpid()) + ".safetensors");
  save_model(file, Model<Cpu>(config));
  for (auto _ : state) {
    const Model<Cpu> model = load_model(file);
    Sampler sampler(model);
    benchmark::DoNotOptimize(sampler.next());
  }
  std::filesystem::remove(file);
}
BENCHMARK_CAPTURE(first_token, 256x2, presets::small(Vocabulary::standard()))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(first_token, 1028x3, presets::original(Vocabulary::standard()))
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
