// What the tests of kernels share: matrices to and from the device, random ones on both sides, and how near results
// have to be.
#pragma once

#include <catch2/catch.hpp>
#include <kernels/device.cuh>
#include <musicgen/backend/cpu/matrix.hpp>
#include <musicgen/backend/cuda/matrix.hpp>
#include <musicgen/backend/cuda/parameters.hpp>
#include <musicgen/core/random.hpp>
#include <vector>

#include "backend/cpu/numeric.hpp"

namespace musicgen::test {

inline constexpr double fp32_tolerance = 1e-5, bf16_tolerance = 2e-2;

inline double tolerance(Precision products) {
  return products == Precision::bf16 ? bf16_tolerance : fp32_tolerance;
}

/// A copy in the device's memory.
template <class T>
cuda::Buffer<T> on_device(const std::vector<T>& values) {
  cuda::Buffer<T> buffer(values.size());
  if (!values.empty()) cuda::copy(buffer.data(), values.data(), values.size() * sizeof(T));
  return buffer;
}
template <class M>
cuda::Matrix<float> on_device(const M& m) {
  const cpu::Matrix<float> values = m.template cast<float>();
  cuda::Matrix<float> matrix;
  matrix.resize(static_cast<int>(m.rows()), static_cast<int>(m.cols()));
  if (m.size() > 0) cuda::copy(matrix.data(), values.data(), matrix.size() * sizeof(float));
  return matrix;
}

/// A copy in the host's memory.
template <class T>
std::vector<T> on_host(const T* values, std::size_t count) {
  std::vector<T> copy(count);
  if (count > 0) cuda::copy(copy.data(), values, count * sizeof(T));
  cuda::synchronize();
  return copy;
}
inline cpu::Matrix<float> on_host(const cuda::Matrix<float>& m) {
  const auto values = on_host(m.data(), m.size());
  return Eigen::Map<const cpu::Matrix<float>>(values.data(), m.rows(), m.columns());
}

/// Numbers that floats hold exactly, so that both sides begin with the same.
inline cpu::Matrix<double> random_floats(cpu::Index rows, cpu::Index columns, std::uint64_t seed, double scale = 1) {
  return random_matrix<double>(rows, columns, seed, scale).cast<float>().cast<double>();
}

}  // namespace musicgen::test
