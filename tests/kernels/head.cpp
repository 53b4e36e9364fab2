#include <musicgen/backend/cuda/head.hpp>

#include "device.hpp"

using namespace musicgen;
using cpu::view;
using test::on_device;
using test::on_host;
using test::random_floats;
using test::relative_difference;

namespace {

void check(int N, int H, int V, Precision products) {
  INFO("N " << N << " H " << H << " V " << V);
  const double tolerance = test::tolerance(products);
  test::TwinParameters twins({V, 3, H, 1});
  const auto h = random_floats(N, H, 1), c = random_floats(N, H, 2), dlogits = random_floats(N, V, 3);

  cpu::HeadSaved<double> reference;
  cpu::Matrix<double> logits;
  cpu::head_forward<double>(twins.cpu.head, view(h), c, reference, logits);
  const cuda::FactorMatrix outputs = test::factor_on_device(h, products),
                           contexts = test::factor_on_device(c, products);
  cuda::HeadSaved saved;
  cuda::FactorMatrix found;
  cuda::head_forward(twins.weights(products), outputs.view(), contexts.view(), saved, found);
  CHECK(relative_difference(on_host(found.exact), logits) < tolerance);

  cpu::Matrix<double> dh = random_floats(N, H, 4), dc;
  cuda::Matrix<float> dh_on_device = on_device(dh), dc_on_device;
  cpu::head_backward<double>(twins.cpu.head, view(h), c, reference, dlogits, view(dh), dc, twins.cpu_gradients.head);
  const cuda::FactorMatrix dlogits_on_device = test::factor_on_device(dlogits, products);
  cuda::head_backward(twins.weights(products), outputs.view(), contexts.view(), saved, dlogits_on_device.view(),
                      dh_on_device.view(), dc_on_device, twins.gpu_gradients.tensors().head());
  CHECK(relative_difference(on_host(dh_on_device), dh) < tolerance);
  CHECK(relative_difference(on_host(dc_on_device), dc) < tolerance);
  twins.check_gradients("combine_ctx", tolerance);
  twins.check_gradients("hidden2vocab", tolerance);
}

}  // namespace

TEST_CASE("kernels: head, logits and gradients are the CPU's") {
  check(1, 8, 19, Precision::fp32);
  check(51, 20, 310, Precision::fp32);
  check(34, 130, 19, Precision::fp32);
  check(300, 8, 19, Precision::fp32);
}

TEST_CASE("kernels: head in bf16") {
  check(1, 8, 19, Precision::bf16);
  check(51, 130, 310, Precision::bf16);
}
