// The GPU memory of a training step: as counted in advance, and as taken. And whether steps were recorded and replayed,
// as they should be: without that training is slower, and nothing else shows it.
//
//   cuda_memory PRECISION H L B T     trains on all T positions
#include <cstdio>
#include <cstdlib>
#include <exception>

#ifdef MUSICGEN_HAS_CUDA
#include <musicgen/cuda.hpp>
#endif
#include "work.hpp"

using namespace musicgen;
using namespace musicgen::benchmarks;

namespace {

/// @return  whether it took less than 1.2 times the count
bool measure(Precision precision, int H, int L, int B, int T) {
  const Dimensions d = dimensions(H, L);
  const double counted = static_cast<double>(cuda::training_bytes(d, B, T, T, precision)) * 1e-9;
  cuda::Buffer<float>(1);  // allocates what the process has once: cuBLAS's workspace
  const double before = static_cast<double>(cuda::peak_bytes()) * 1e-9;
  BasicTrainingStep<Cuda> step(d, {B, T, T}, precision);
  constexpr int steps = 3, most_replays = 2 * (steps - 1);  // training step and update, all but the first
  const std::size_t replays_before = cuda::replays();
  for (int i = 0; i < steps; ++i) step.run();
  const double taken = static_cast<double>(cuda::peak_bytes()) * 1e-9 - before;
  std::printf("counted %.3f GB, taken at most %.3f GB (%.2f of it), before that %.3f GB; %zu of %d replays\n", counted,
              taken, taken / counted, before, cuda::replays() - replays_before, most_replays);
  return taken < 1.2 * counted;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 6) throw Error("cuda_memory PRECISION H L B T");
  if (const std::string reason = cuda::why_not_available(); !reason.empty()) throw Error(reason);
  const auto number = [&](int i) { return std::atoi(argv[i]); };
  return measure(precision_of(argv[1]), number(2), number(3), number(4), number(5)) ? 0 : 1;
} catch (const std::exception& e) {
  std::fprintf(stderr, "cuda_memory: %s\n", e.what());
  return 1;
}
