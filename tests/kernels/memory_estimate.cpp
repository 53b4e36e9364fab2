// The memory that training takes is what was counted before.
#include <musicgen/model.hpp>

#include "device.hpp"

using namespace musicgen;

namespace {

/// What a model and two steps of it have allocated.
/// @param parts  contexts of each input
std::size_t bytes_of_training(const Dimensions& d, int B, int T, int Q, Precision products, AttentionValue value,
                              int parts) {
  const std::size_t before = cuda::bytes_in_use();
  Model<Cuda> model({d, {}, {}, true, value}, 5);
  model.set_products(products);
  auto m = Cuda::zeros(d), v = Cuda::zeros(d);
  const std::vector<Token> inputs(static_cast<std::size_t>(T * B), 1), targets(static_cast<std::size_t>(Q * B), 2),
      contexts(inputs.size() * static_cast<std::size_t>(parts), d.V);
  const std::vector<std::int32_t> places(inputs.size(), 3);
  for (int t = 1; t < 3; ++t) {
    model.forward_backward({B, T, Q, inputs, targets, contexts, places});
    Cuda::update(model.weights(), model.gradients(), m, v, t, 1e-3, {});
  }
  return cuda::bytes_in_use() - before;
}

}  // namespace

TEST_CASE("kernels: a training step allocates the bytes that were counted") {
  bytes_of_training({19, 5, 8, 1}, 1, 1, 1, Precision::fp32, AttentionValue::match, 0);  // what the process has once
  test::with_all_kernels([] {
    for (const Precision products : {Precision::fp32, Precision::bf16}) {
      const auto check = [&](const Dimensions& d, int B, int T, int Q, int parts = 0) {
        INFO("B " << B << " T " << T << " Q " << Q << " H " << d.H << " L " << d.L);
        for (const AttentionValue value : {AttentionValue::match, AttentionValue::successor})
          CHECK(bytes_of_training(d, B, T, Q, products, value, parts) ==
                cuda::training_bytes(d, B, T, Q, products, value, parts));
      };
      check({19, 5, 8, 1}, 1, 1, 1);
      check({310, 7, 20, 3}, 3, 17, 6);
      check({19, 8, 20, 2}, 2, 300, 270);
      check({19, 8, 20, 2, 7}, 2, 9, 9, 3);
      check({19, 8, 20, 2, 7, true, true}, 3, 17, 6, 2);
    }
  });
  CHECK(cuda::peak_bytes() >= cuda::bytes_in_use());
}

TEST_CASE("kernels: Muon's matrices take the bytes that were counted") {
  const auto in_use_after = [](const Dimensions& d) {
    auto w = Cuda::zeros(d), g = w, m = w, v = w;
    const std::size_t before = cuda::bytes_in_use();
    Cuda::update(w, g, m, v, 1, 1e-3, {.muon = 3});
    return cuda::bytes_in_use() - before;
  };
  const Dimensions large{19, 5, 140, 1}, larger{19, 90, 150, 1};  // than any that other tests have asked for
  in_use_after(large);
  CHECK(in_use_after(larger) == cuda::muon_bytes(larger) - cuda::muon_bytes(large));
  CHECK(in_use_after(larger) == 0);
}
