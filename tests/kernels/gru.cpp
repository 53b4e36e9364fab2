#include <musicgen/backend/cuda/gru.hpp>

#include "device.hpp"

using namespace musicgen;
using cpu::view;
using test::on_device;
using test::on_host;
using test::random_floats;
using test::relative_difference;

namespace {

struct Case {
  int B, T, H;
  bool with_h0 = false;
};

/// The second layer of a network, so that there are H inputs.
void check(const Case& c, Precision products) {
  INFO("B " << c.B << " T " << c.T << " H " << c.H);
  const double tolerance = test::tolerance(products);
  const int N = c.T * c.B;
  test::TwinParameters twins({19, 5, c.H, 2});
  const auto x = random_floats(N, c.H, 5), h0 = random_floats(c.B, c.H, 6), dh = random_floats(N, c.H, 7);

  cpu::GruSaved<double> reference;
  cpu::gru_forward<double>(twins.cpu.gru[1], view(x), c.B, c.with_h0 ? &h0 : nullptr, reference);
  const cuda::FactorMatrix inputs = test::factor_on_device(x, products);
  const cuda::Matrix<float> state = on_device(h0), dh_on_device = on_device(dh);
  cuda::GruSaved saved;
  cuda::gru_forward(twins.weights(products), 1, inputs.view(), c.B, c.with_h0 ? state.data() : nullptr, saved);
  CHECK(relative_difference(on_host(saved.h.exact), reference.h) < tolerance);
  CHECK(relative_difference(on_host(saved.gates.exact), reference.gates) < tolerance);

  cpu::Matrix<double> dx;
  cpu::gru_backward<double>(twins.cpu.gru[1], view(x), c.B, reference, dh, &dx, twins.cpu_gradients.gru[1]);
  cuda::Matrix<float> dx_on_device;
  cuda::gru_backward(twins.weights(products), 1, inputs.view(), c.B, saved, dh_on_device, dx_on_device,
                     twins.gpu_gradients.tensors().gru(1));
  CHECK(relative_difference(on_host(dx_on_device), dx) < tolerance);
  CHECK(relative_difference(on_host(saved.gates.exact), reference.gates) < tolerance);
  twins.check_gradients("_l1", tolerance);
}

}  // namespace

TEST_CASE("kernels: gru, outputs and gradients are the CPU's") {
  const Case c = GENERATE(Case{1, 1, 8}, Case{3, 17, 20}, Case{32, 2, 20}, Case{2, 17, 130}, Case{3, 2, 8, true});
  test::with_all_kernels([&] { check(c, Precision::fp32); });
}

TEST_CASE("kernels: gru in bf16") {
  const Case c = GENERATE(Case{1, 2, 8}, Case{3, 17, 130}, Case{3, 2, 20, true});
  test::with_all_kernels([&] { check(c, Precision::bf16); });
}

TEST_CASE("kernels: gru, the sums of biases over more rows than a block has") {
  test::under_all_schedules([] { check({32, 17, 8}, Precision::fp32); });
}
