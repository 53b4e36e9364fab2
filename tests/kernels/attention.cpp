#include <musicgen/backend/cuda/attention.hpp>

#include <musicgen/backend/cpu/attention.hpp>

#include "device.hpp"

using namespace musicgen;
using cpu::view;
using test::on_device;
using test::on_host;
using test::random_floats;
using test::relative_difference;

namespace {

/// @return  whether it took one pass, without writing weights
bool check(int B, int T, int Q, int H, bool in_bf16 = false, AttentionOptions options = {}) {
  const double tolerance = in_bf16 ? test::bf16_tolerance : test::fp32_tolerance;
  INFO("B " << B << " T " << T << " Q " << Q << " H " << H);
  const auto h = random_floats(T * B, H, 1), dcontext = random_floats(Q * B, H, 2);
  cpu::Matrix<double> context, dh = random_floats(T * B, H, 3);
  const cuda::Matrix<float> outputs = on_device(h), dc = on_device(dcontext);
  cuda::Matrix<float> dh_on_device = on_device(dh);

  cpu::AttentionSaved<double> reference;
  cpu::attention_forward<double>(view(h), B, Q, options, context, &reference);
  cuda::AttentionSaved saved, alone;
  cuda::FactorMatrix found;
  cuda::attention_forward(outputs.view(), B, Q, options, found, alone, false, in_bf16);
  CHECK(relative_difference(on_host(found.exact), context) < tolerance);
  cuda::attention_forward(outputs.view(), B, Q, options, found, saved, true, in_bf16);
  CHECK(relative_difference(on_host(found.exact), context) < tolerance);

  cpu::attention_backward<double>(view(h), B, Q, options, reference, dcontext, view(dh));
  cuda::attention_backward(outputs.view(), B, Q, options, saved, found.exact, dc, dh_on_device.view());
  CHECK(relative_difference(on_host(dh_on_device), dh) < tolerance);
  return saved.one_pass;
}

}  // namespace

TEST_CASE("kernels: attention, contexts and gradients are the CPU's") {
  test::with_all_kernels([] {
    check(1, 1, 1, 8);
    check(3, 2, 2, 20);
    check(3, 17, 6, 130);
    check(32, 2, 1, 8);
    check(1, 300, 290, 8);  // more than a block of queries
    check(3, 17, 6, 20, true);
    for (const bool in_bf16 : {false, true}) {
      check(1, 1, 1, 8, in_bf16, AttentionValue::successor);
      check(3, 17, 6, 20, in_bf16, AttentionValue::successor);
      check(2, 300, 290, 8, in_bf16, AttentionValue::successor);
      check(3, 17, 6, 20, in_bf16, {AttentionValue::successor, 0.3f});
      check(3, 17, 6, 20, in_bf16, {AttentionValue::match, 0.3f});
    }
  });
}

TEST_CASE("kernels: attention of as many units as fit in one pass, and of more") {
  const bool of_h100 = test::shared_bytes() >= 227 * 1024, of_a100 = test::shared_bytes() >= 163 * 1024;
  const auto in_one_pass = [](int H, AttentionValue value) { return check(1, 3, 3, H, false, value); };
  CHECK(in_one_pass(768, AttentionValue::match) == of_a100);
  CHECK(in_one_pass(1056, AttentionValue::match) == of_h100);
  CHECK_FALSE(in_one_pass(1057, AttentionValue::match));
  CHECK(in_one_pass(672, AttentionValue::successor) == of_a100);
  CHECK(in_one_pass(960, AttentionValue::successor) == of_h100);
  CHECK_FALSE(in_one_pass(961, AttentionValue::successor));
}

TEST_CASE("kernels: attention under all schedules") {
  test::with_all_kernels([] { test::under_all_schedules([] { check(3, 17, 17, 20); }); });
}

TEST_CASE("kernels: attention over scores in the hundreds does not overflow") {
  const cpu::Matrix<double> h = cpu::matrix_of(20 * cpu::map(random_floats(5, 8, 1)));
  cpu::Matrix<double> context;
  cpu::attention_forward<double>(view(h), 1, 5, AttentionValue::match, context, nullptr);
  const cuda::Matrix<float> outputs = on_device(h);
  test::with_all_kernels([&] {
    cuda::FactorMatrix found;
    cuda::AttentionSaved saved;
    cuda::attention_forward(outputs.view(), 1, 5, AttentionValue::match, found, saved, true, false);
    CHECK(relative_difference(on_host(found.exact), context) < 1e-4);
  });
}
