#include <musicgen/backend/cuda/copying.hpp>

#include <musicgen/backend/cpu/attention.hpp>
#include <musicgen/backend/cpu/copying.hpp>
#include <musicgen/backend/cuda/loss.hpp>

#include "device.hpp"

using namespace musicgen;
using cpu::view;
using test::on_device;
using test::on_host;
using test::random_floats;
using test::relative_difference;

namespace {

struct Sizes {
  int B, T, Q, V;
};

/// Attention, then both of what its weights are for.
void check(const Sizes& size, AttentionOptions options = {}) {
  const auto [B, T, Q, V] = size;
  INFO("B " << B << " T " << T << " Q " << Q << " V " << V);
  constexpr int H = 20;
  const auto h = random_floats(T * B, H, 1), weight = random_floats(1, H, 2);
  auto logits = random_floats(Q * B, V + 1, 3, 3);
  Random random(4);
  std::vector<Token> inputs, targets;
  std::vector<std::int32_t> places;
  for (int i = 0; i < T * B; ++i) inputs.push_back(random.between(0, std::min(V - 1, 6)));
  for (int i = 0; i < Q * B; ++i) targets.push_back(i % 5 == 1 ? no_token : random.between(0, std::min(V - 1, 9)));
  for (int i = 0; i < T * B; ++i) places.push_back(random.between(-1, 3));

  cuda::Batch batch;
  batch.assign({B, T, Q, inputs, targets, {}, places}, {.V = V, .copies = true, .places = true});
  const cuda::Matrix<float> outputs = on_device(h), w = on_device(weight);
  const cuda::AttentionPlaces of_places{batch.places(), batch.places() + (T - Q) * B, w.data()};
  cuda::AttentionSaved attention;
  cuda::FactorMatrix context, found = test::factor_on_device(logits, Precision::bf16);
  cuda::attention_forward(outputs.view(), B, Q, options, context, attention, false, false, of_places,
                          {batch.tokens() + B, batch.target_tokens()});
  cuda::Matrix<float> memory, mixed;
  cuda::mix_copies(outputs.view(), B, options, attention, of_places, batch, found.exact, memory, mixed);
  cuda::LossSaved loss;
  cuda::softmax_cross_entropy(found, batch, loss, attention.found.data());

  cpu::AttentionSaved<double> reference;
  cpu::Matrix<double> expected_context, expected;
  cpu::attention_forward<double>(view(h), B, Q, options, expected_context, &reference, {places, cpu::values(weight)});
  cpu::Matrix<double> gradient = logits;
  cpu::mix_copies<double>(logits, reference.weights, B, inputs, expected);
  CHECK(relative_difference(on_host(mixed), expected) < test::fp32_tolerance);
  std::vector<double> nll, shares;
  const double mean = cpu::copying_cross_entropy<double>(gradient, reference.weights, B, inputs, targets, nll, shares);
  CHECK(loss.on_host[0] == Approx(mean).epsilon(test::fp32_tolerance));
  CHECK(relative_difference(on_host(loss.nll), nll) < test::fp32_tolerance);
  CHECK(relative_difference(on_host(loss.shares), shares) < test::fp32_tolerance);
  CHECK(relative_difference(on_host(found.exact), gradient) < test::fp32_tolerance);
}

}  // namespace

TEST_CASE("kernels: copying, probabilities, loss and its gradients are the CPU's") {
  test::with_all_kernels([] {
    check({1, 1, 1, 7});
    check({3, 17, 6, 19}, AttentionValue::successor);
    check({2, 17, 17, 310}, {AttentionValue::match, 0.3f});  // more tokens than a block has threads
    check({2, 300, 290, 7});                                 // more queries than a block of them, and keys
  });
}

TEST_CASE("kernels: copying under all schedules") {
  test::under_all_schedules([] { check({3, 9, 6, 19}); });
}
