#include <musicgen/backend/cuda/adam.hpp>

#include <musicgen/backend/cpu/adam.hpp>

#include "device.hpp"

using namespace musicgen;
using test::random_floats;
using test::relative_difference;

namespace {

void check(const Dimensions& d, const OptimizerOptions& options) {
  test::TwinParameters twins(d);
  auto m = BasicCpu<double>::zeros(d), v = m;
  auto m_on_device = Cuda::zeros(d), v_on_device = m_on_device;
  for (int t = 1; t <= 3; ++t) {
    const double expected = BasicCpu<double>::update(twins.cpu, twins.cpu_gradients, m, v, t, 1e-2, options);
    const double norm = cuda::adam_update(twins.gpu, twins.gpu_gradients, m_on_device, v_on_device, t, 1e-2, options);
    CHECK(norm == Approx(expected).epsilon(1e-6));
    CHECK(norm * norm == Approx(cuda::sum_of_squares(twins.gpu_gradients.values)).epsilon(1e-12));
  }
  const cuda::HostParameters host = Cuda::to_host(twins.gpu);
  const auto found = host.tensors();
  const auto expected = twins.cpu.tensors();
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(found[i].name);
    CHECK(relative_difference(found[i].values, expected[i].values) < test::fp32_tolerance);
  }
}

}  // namespace

TEST_CASE("kernels: adam, three steps are the CPU's") {
  check({19, 5, 8, 1}, {.clip = 0});
  check({19, 5, 20, 3}, {.weight_decay = 0.1, .clip = 0.5});
}

TEST_CASE("kernels: muon, three steps are the CPU's, and Adam's of what is not its") {
  check({19, 5, 20, 3}, {.weight_decay = 0.1, .clip = 0.5, .muon = 3});
  check({19, 12, 8, 1}, {.clip = 0, .muon = 1});  // more inputs than units
  check({19, 5, 132, 1}, {.muon = 3});            // more numbers than the threads of a matrix's norm
  test::under_all_schedules([] { check({19, 5, 8, 1}, {.muon = 3}); });
}

TEST_CASE("kernels: adam under all schedules") {
  test::under_all_schedules([] { check({19, 5, 8, 2}, {.clip = 1}); });
}

TEST_CASE("kernels: adam changes nothing if the gradient is not finite") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    test::TwinParameters twins({19, 5, 8, 1});
    auto m = Cuda::zeros({19, 5, 8, 1}), v = m;
    const auto before = Cuda::to_host(twins.gpu).values;
    cuda::copy(twins.gpu_gradients.values.data() + 3, &bad, sizeof bad);
    for (const double muon : {0.0, 3.0})
      CHECK_FALSE(std::isfinite(cuda::adam_update(twins.gpu, twins.gpu_gradients, m, v, 1, 1e-2, {.muon = muon})));
    CHECK(Cuda::to_host(twins.gpu).values == before);
    CHECK(cuda::sum_of_squares(m.values) == 0);
  }
}
