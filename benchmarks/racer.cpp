// This library's side of compare_pytorch.py: does a piece of work for each line on standard input, and answers with the
// seconds that it took.
//
//   threads N                                  answers nothing
//   device cpu, device cuda                    for training steps from now on; answers nothing
//   train PRECISION H L B T Q                  a training step, its products in fp32 or bf16
//   sample PRECISION H L WINDOW SONGS TOKENS   tokens for each of the songs, with a full window
//   product PRECISION N                        a product of two square matrices; answers with operations per second
//   read BYTES                                 a read from memory; answers with bytes per second
//   cost LINE                                  the operations of LINE's training step, the bytes of its tokens
//   has bf16                                   1 if the processor has products of bf16, else 0
//   forget                                     frees the memory of all that; answers nothing
//
// What a line's work needs is made when the line comes for the first time.
#include <chrono>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>

#ifdef MUSICGEN_HAS_CUDA
#include <musicgen/cuda.hpp>
#endif
#include "work.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::benchmarks;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Work {
  std::function<double()> answer;  ///< does the work
  double cost = 0;                 ///< operations or bytes
};

template <Backend Machine>
Work training(const Dimensions& d, const BatchShape& s, Precision precision) {
  const auto step = std::make_shared<BasicTrainingStep<Machine>>(d, s, precision);
  return {[=] { return seconds_of([&] { step->run(); }); }, training_flops(d, s)};
}

Work training(const std::string& device, const Dimensions& d, const BatchShape& s, Precision precision) {
  if (device == "cpu") return training<Cpu>(d, s, precision);
#ifdef MUSICGEN_HAS_CUDA
  if (device == "cuda") return training<Cuda>(d, s, precision);
#endif
  throw Error("no such device, or not built for it: " + device);
}

/// The work that a line asks for.
Work prepared(const std::string& line, const std::string& device) {
  std::istringstream words(line);
  std::string kind, precision;
  words >> kind;
  if (kind == "train") {
    int H, L;
    BatchShape s;
    words >> precision >> H >> L >> s.B >> s.T >> s.Q;
    return training(device, dimensions(H, L), s, precision_of(precision));
  }
  if (kind == "sample") {
    int H, L, window, songs, tokens;
    words >> precision >> H >> L >> window >> songs >> tokens;
    const auto sampling = std::make_shared<Sampling>(dimensions(H, L), precision_of(precision), window, songs);
    const auto answer = [=] {
      const double seconds = seconds_of([&] { sampling->run(tokens); });
      if (!sampling->window_is_full()) throw Error("the window is not full");
      return seconds;
    };
    return {answer, tokens * sampling->bytes()};
  }
  if (kind == "product") {
    cpu::Index n;
    words >> precision >> n;
    const auto product = std::make_shared<SquareProduct>(n, precision_of(precision));
    return {[=] { return product->flops() / seconds_of([&] { product->run(); }); }};
  }
  if (kind == "read") {
    std::size_t bytes;
    words >> bytes;
    const auto read = std::make_shared<StreamingRead>(bytes);
    return {[=] { return read->bytes() / seconds_of([&] { read->run(); }); }};
  }
  throw Error("no such work: " + line);
}

}  // namespace

int main() try {
  std::map<std::string, Work> works;
  std::string device = "cpu";
  const auto work = [&](const std::string& line) -> const Work& {
    const auto at = works.find(line);
    return at != works.end() ? at->second : works.emplace(line, prepared(line, device)).first->second;
  };
  for (std::string line; std::getline(std::cin, line);) {
    if (line.starts_with("threads "))
      set_threads(std::stoi(line.substr(8)));
    else if (line.starts_with("device "))
      device = line.substr(7);
    else if (line == "forget")
      works.clear();
    else if (line == "has bf16")
      std::cout << (cpu::simd::best_isa() == cpu::simd::Isa::avx512_bf16) << std::endl;
    else if (line.starts_with("cost "))
      std::cout << work(line.substr(5)).cost << std::endl;
    else
      std::cout << work(line).answer() << std::endl;
  }
} catch (const std::exception& e) {
  std::cerr << "racer: " << e.what() << '\n';
  return 1;
}
