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

/// What models add to products: places of a form, and what copying wants.
struct Additions {
  std::vector<std::int32_t> places;
  std::vector<Token> inputs, targets;
  std::vector<double> shares;
  cpu::Matrix<double> weight;  // (1, H)

  Additions(int B, int T, int Q, int H) : weight(random_floats(1, H, 5)) {
    Random random(6);
    for (int i = 0; i < T * B; ++i) places.push_back(random.between(-1, 3));
    for (int i = 0; i < T * B; ++i) inputs.push_back(random.between(0, 4));
    for (int i = 0; i < Q * B; ++i) targets.push_back(i == 1 ? no_token : random.between(0, 4));
    for (int i = 0; i < Q * B; ++i) shares.push_back(static_cast<double>(static_cast<float>(random.uniform())));
  }

  /// The weights of what each target came after.
  std::vector<double> found(const cpu::Matrix<double>& weights, int B) const {
    const auto Q = static_cast<cpu::Index>(targets.size()) / B, T = weights.cols();
    std::vector<double> sums;
    for (cpu::Index q = 0; q < Q; ++q)
      for (int b = 0; b < B; ++b) {
        double sum = 0;
        for (cpu::Index s = 0; s < T - Q + q; ++s)
          if (inputs[static_cast<std::size_t>((s + 1) * B + b)] == targets[static_cast<std::size_t>(q * B + b)])
            sum += weights(b * Q + q, s);
        sums.push_back(sum);
      }
    return sums;
  }
};

/// The same on the device.
struct OnDevice {
  cuda::Buffer<int> places, inputs, targets;
  cuda::Buffer<float> shares;
  cuda::Matrix<float> weight, dweight;
  int B;

  OnDevice(const Additions& more, int songs, const cpu::Matrix<double>& dweight_before)
      : places(test::on_device(more.places)),
        inputs(test::on_device(more.inputs)),
        targets(test::on_device(more.targets)),
        shares(test::on_device(std::vector<float>(more.shares.begin(), more.shares.end()))),
        weight(on_device(more.weight)),
        dweight(on_device(dweight_before)),
        B(songs) {}

  cuda::AttentionPlaces of_places() const {
    return {places.data(), places.data() + places.size() - targets.size(), weight.data()};
  }
  cuda::AttentionCopies of_copies() const { return {inputs.data() + B, targets.data(), shares.data()}; }
};

/// With places and copying.
/// @return  whether in one pass
bool check_additions(int B, int T, int Q, int H, bool in_bf16, AttentionOptions options) {
  const double tolerance = in_bf16 ? test::bf16_tolerance : test::fp32_tolerance;
  INFO("B " << B << " T " << T << " Q " << Q << " H " << H << (in_bf16 ? ", bf16" : ", fp32"));
  const auto h = random_floats(T * B, H, 1), dcontext = random_floats(Q * B, H, 2);
  const Additions more(B, T, Q, H);
  const cpu::AttentionPlaces<double> places{more.places, cpu::values(more.weight)};
  cpu::Matrix<double> context, dh = random_floats(T * B, H, 3), dweight = random_floats(1, H, 4);
  OnDevice there(more, B, dweight);
  const cuda::Matrix<float> outputs = on_device(h), dc = on_device(dcontext);
  cuda::Matrix<float> dh_there = on_device(dh);

  cpu::AttentionSaved<double> reference;
  cpu::attention_forward<double>(view(h), B, Q, options, context, &reference, places);
  cuda::AttentionSaved saved;
  cuda::FactorMatrix found;
  for (const bool keep : {false, true}) {
    cuda::attention_forward(outputs.view(), B, Q, options, found, saved, keep, in_bf16, there.of_places(),
                            there.of_copies());
    CHECK(relative_difference(on_host(found.exact), context) < tolerance);
    CHECK(relative_difference(on_host(saved.found), more.found(reference.weights, B)) < tolerance);
  }
  cpu::attention_backward<double>(view(h), B, Q, options, reference, dcontext, view(dh),
                                  {more.inputs, more.targets, more.shares}, places, cpu::values(dweight));
  cuda::attention_backward(outputs.view(), B, Q, options, saved, found.exact, dc, dh_there.view(), there.of_places(),
                           there.of_copies(), there.dweight.data());
  CHECK(relative_difference(on_host(dh_there), dh) < tolerance);
  CHECK(relative_difference(on_host(there.dweight), dweight) < tolerance);
  return saved.one_pass;
}

/// @return  whether in one pass, without writing weights
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

TEST_CASE("kernels: attention that prefers places and wants what is copied, contexts and gradients are the CPU's") {
  test::with_all_kernels([] {
    for (const bool in_bf16 : {false, true})
      for (const auto& options : {AttentionOptions(AttentionValue::match, 0.3f),
                                  AttentionOptions(AttentionValue::successor), AttentionOptions()}) {
        check_additions(1, 1, 1, 8, in_bf16, options);
        check_additions(3, 17, 6, 20, in_bf16, options);
        check_additions(2, 35, 35, 37, in_bf16, options);
      }
    check_additions(1, 257, 257, 8, false, AttentionValue::successor);  // the first query has a block to itself
    check_additions(1, 300, 290, 8, false, {AttentionValue::match, 0.3f});
    test::under_all_schedules([] { check_additions(3, 18, 17, 20, false, AttentionValue::successor); });
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

  const auto with_additions = [](int H, bool in_bf16) {
    return check_additions(1, 19, 19, H, in_bf16, {AttentionValue::match, 0.3f});
  };
  CHECK(with_additions(512, false) == of_a100);
  CHECK_FALSE(with_additions(513, false));
  CHECK(with_additions(513, true) == of_a100);
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
