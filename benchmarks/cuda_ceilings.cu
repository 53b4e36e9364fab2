// The benchmarks of a GPU: its ceilings, which the others are compared with; and main().
#include <cstdio>
#include <musicgen/backend/cuda/memory.hpp>

#include "cuda_measure.hpp"

namespace musicgen::benchmarks::gpu {

namespace {

class Copy {
 public:
  void operator()() { cuda::copy(to_.data(), from_.data(), from_.size() * sizeof(float)); }
  double bytes() const { return 2.0 * static_cast<double>(from_.size() * sizeof(float)); }

 private:
  cuda::Buffer<float> from_ = random_numbers(std::size_t{1} << 28), to_ = from_;
};

/// @tparam Number  float or cuda::bf16
template <class Number>
class Product {
 public:
  void operator()() {
    const cuda::View<const Number> x{numbers_.data(), n, n, n};
    cuda::multiply(x, x.t(), sums_.view(), 1, 0, {});
  }
  static double flops() { return 2.0 * n * n * n; }

 private:
  static constexpr int n = 8192;

  cuda::Buffer<Number> numbers_ = [] {
    cuda::Buffer<Number> numbers(std::size_t{n} * n);
    const cuda::Buffer<float> source = random_numbers(numbers.size() * sizeof(Number) / sizeof(float));
    cuda::copy(numbers.data(), source.data(), numbers.size() * sizeof(Number));
    return numbers;
  }();
  cuda::Matrix<float> sums_ = [] {
    cuda::Matrix<float> sums;
    sums.resize(n, n);
    return sums;
  }();
};

template <class Work>
double best_rate(double amount) {
  Work work;
  work();
  double best = 0;
  for (int i = 0; i < 5; ++i) best = std::max(best, amount / seconds(3, work));
  return best;
}

}  // namespace

const Ceilings& ceilings() {
  static const Ceilings measured{best_rate<Copy>(Copy().bytes()), best_rate<Product<float>>(Product<float>::flops()),
                                 best_rate<Product<cuda::bf16>>(Product<cuda::bf16>::flops())};
  return measured;
}

}  // namespace musicgen::benchmarks::gpu

int main(int argc, char** argv) try {
  using namespace musicgen;
  const bool names_alone = std::any_of(
      argv, argv + argc, [](const char* option) { return std::string(option).starts_with("--benchmark_list_tests"); });
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  if (names_alone) {  // no GPU is needed
    benchmark::RunSpecifiedBenchmarks();
    return 0;
  }
  if (const std::string reason = cuda::why_not_available(); !reason.empty()) throw Error(reason);
  const benchmarks::gpu::Ceilings& ceilings = benchmarks::gpu::ceilings();
  std::printf("%s\nceilings: copy %.0f GB/s, product %.1f TFLOP/s in fp32, %.1f in bf16\n", cuda::device_name().c_str(),
              ceilings.bytes * 1e-9, ceilings.fp32 * 1e-12, ceilings.bf16 * 1e-12);
  benchmark::RunSpecifiedBenchmarks();
} catch (const std::exception& e) {
  std::fprintf(stderr, "benchmarks_cuda: %s\n", e.what());
  return 1;
}
