// What the tests of kernels share: matrices to and from the device, random ones on both sides, and how near results
// have to be.
#pragma once

#include <algorithm>
#include <bit>
#include <catch.hpp>
#include <musicgen/backend/cpu/cpu.hpp>
#include <musicgen/backend/cpu/matrix.hpp>
#include <musicgen/backend/cuda/kernel_policy.hpp>
#include <musicgen/core/random.hpp>
#include <musicgen/cuda.hpp>
#include <musicgen/model/model.hpp>
#include <span>
#include <string>
#include <vector>

#include "backend/cpu/numeric.hpp"
#include "machine.hpp"

namespace musicgen::test {

inline constexpr double fp32_tolerance = 1e-5, bf16_tolerance = 2e-2;

inline double tolerance(Precision products) {
  return products == Precision::bf16 ? bf16_tolerance : fp32_tolerance;
}

/// The body with the kernels that keep what they can on the chip, and with those that work for any size.
inline void with_all_kernels(const std::function<void()>& body) {
  for (const cuda::Kernels kernels : {cuda::Kernels::plain, cuda::Kernels::resident}) {
    INFO((kernels == cuda::Kernels::plain ? "plain kernels" : "resident kernels"));
    cuda::kernels_in_use() = kernels;
    body();
  }
}

/// Drawn like any other, but for the weights that begin at zero: contexts and the places' weight, which say something.
inline Model<Cuda> model_with_contexts(const ModelConfig& config, std::uint64_t seed) {
  Model<Cuda> model(config, seed);
  cuda::HostParameters host = Cuda::to_host(model.weights());
  Random random(seed + 1);
  for (auto& t : host.tensors()) {
    const auto tokens = static_cast<std::size_t>(config.dimensions.V * config.dimensions.E);
    const std::span<float> zeros = t.name == "embed.weight"   ? t.values.subspan(tokens)
                                   : t.name == "place.weight" ? t.values
                                                              : std::span<float>();
    for (float& w : zeros) w = static_cast<float>(0.5 * random.normal());
  }
  return Model<Cuda>(config, Cuda::from_host(host));
}

/// The same weights on another backend.
template <class To, class From>
Model<To> copied(const Model<From>& model) {
  auto weights = To::HostParameters::zeros(model.dimensions());
  auto to = weights.tensors();
  const auto& host = From::to_host(model.weights());
  const auto from = host.tensors();
  for (std::size_t i = 0; i < to.size(); ++i)
    std::copy(from[i].values.begin(), from[i].values.end(), to[i].values.begin());
  return Model<To>(model.config(), To::from_host(std::move(weights)));
}

/// A copy in the device's memory.
template <class Scalar>
cuda::Matrix<float> on_device(const cpu::Matrix<Scalar>& m) {
  const cpu::Matrix<float> values = converted<float>(m);
  cuda::Matrix<float> matrix;
  matrix.resize(static_cast<int>(m.rows()), static_cast<int>(m.cols()));
  if (m.size() > 0) cuda::copy(matrix.data(), values.data(), matrix.size() * sizeof(float));
  return matrix;
}

/// A copy in the host's memory.
inline cpu::Matrix<float> on_host(const cuda::Matrix<float>& m) {
  const auto values = on_host(m.data(), m.size());
  return cpu::Matrix<float>(cpu::View<const float>(values.data(), m.rows(), m.columns(), m.columns()));
}

/// Numbers that floats hold exactly, so that both sides begin with the same.
inline cpu::Matrix<double> random_floats(cpu::Index rows, cpu::Index columns, std::uint64_t seed, double scale = 1) {
  return converted<double>(converted<float>(random_matrix<double>(rows, columns, seed, scale)));
}

/// The same as a factor of products.
inline cuda::FactorMatrix factor_on_device(const cpu::Matrix<double>& m, Precision products) {
  cuda::FactorMatrix factor{on_device(m), {}};
  if (products != Precision::bf16) return factor;
  std::vector<cuda::bf16> rounded;
  for (cpu::Index i = 0; i < m.size(); ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(m.data()[i]));
    rounded.push_back({static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)});
  }
  factor.rounded.resize(static_cast<int>(m.rows()), static_cast<int>(m.cols()));
  cuda::copy(factor.rounded.data(), rounded.data(), rounded.size() * sizeof(cuda::bf16));
  return factor;
}

/// Weights on both sides, and gradients that are not zero at first, since gradients are added to.
struct TwinParameters {
  cpu::Parameters<double> cpu, cpu_gradients;
  cuda::Parameters gpu, gpu_gradients;
  cuda::Buffer<cuda::bf16> rounded;

  explicit TwinParameters(const Dimensions& d) {
    fill(d, 1, cpu, gpu);
    fill(d, 100, cpu_gradients, gpu_gradients);
  }
  cuda::Weights weights(Precision products) { return cuda::weights_for_products(gpu, products, rounded); }

  /// Of the tensors whose names have `part` in them.
  void check_gradients(const std::string& part, double tolerance) const {
    const cuda::HostParameters host = Cuda::to_host(gpu_gradients);
    const auto found = host.tensors();
    const auto expected = cpu_gradients.tensors();
    int checked = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i].name.find(part) == std::string::npos) continue;
      INFO("gradient of " << found[i].name);
      CHECK(relative_difference(found[i].values, expected[i].values) < tolerance);
      ++checked;
    }
    CHECK(checked > 0);
  }

 private:
  static void fill(const Dimensions& d, std::uint64_t seed, cpu::Parameters<double>& on_cpu, cuda::Parameters& on_gpu) {
    on_cpu = cpu::Parameters<double>::zeros(d);
    cuda::HostParameters host = cuda::HostParameters::zeros(d);
    auto to = on_cpu.tensors();
    auto half = host.tensors();
    for (std::size_t i = 0; i < to.size(); ++i) {
      const auto m = random_floats(1, static_cast<cpu::Index>(to[i].values.size()), seed + i, 1 / std::sqrt(d.H));
      std::copy(m.data(), m.data() + m.size(), to[i].values.begin());
      std::transform(m.data(), m.data() + m.size(), half[i].values.begin(),
                     [](double x) { return static_cast<float>(x); });
    }
    on_gpu = Cuda::from_host(host);
  }
};

}  // namespace musicgen::test
