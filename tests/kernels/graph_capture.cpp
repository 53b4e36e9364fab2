// Training by recordings of a step, CUDA graphs on a GPU, to the bit as training without them.
#include <musicgen/backend/cuda/graph_capture.hpp>
#include <musicgen/model.hpp>

#include "device.hpp"

using namespace musicgen;

namespace {

struct BatchSizes {
  int B, T, Q;
  int parts = 2;  ///< contexts of each token, where the model takes them
};

/// Losses and norms of a step for each shape, each with its own tokens and learning rate, then the weights.
std::vector<double> trained(const Dimensions& dimensions, const std::vector<BatchSizes>& steps, Precision products,
                            AttentionValue value, OptimizerOptions options) {
  Model<Cuda> model = test::model_with_contexts({dimensions, {}, {}, true, value}, 5);
  model.set_products(products);
  auto m = Cuda::zeros(dimensions), v = m;
  Random random(4);
  const auto tokens = [&](int count) {
    std::vector<Token> drawn;
    for (int i = 0; i < count; ++i) drawn.push_back(random.between(0, dimensions.V - 1));
    return drawn;
  };
  std::vector<double> all;
  for (const BatchSizes& s : steps) {
    const auto inputs = tokens(s.T * s.B);
    auto targets = tokens(s.Q * s.B);
    if (targets.size() > 3) targets[static_cast<std::size_t>(random.between(0, 3))] = no_token;
    std::vector<Token> contexts;
    std::vector<std::int32_t> places;
    for (int i = 0; i < s.parts * s.T * s.B && dimensions.C > 0; ++i)
      contexts.push_back(dimensions.V + random.between(0, dimensions.C - 1));
    for (int i = 0; i < s.T * s.B; ++i) places.push_back(random.between(-1, 2));
    const Sequences batch{s.B, s.T, s.Q, inputs, targets, contexts, places};
    model.forward_backward(batch);
    const auto t = static_cast<std::int64_t>(all.size() / 3 + 1);
    // What is in the device's memory, and what a recording has to be made anew for.
    options.weight_decay = 0.1 / static_cast<double>(t);
    if (all.size() / 3 == steps.size() / 2) {
      options.clip = 0.5;
      options.muon_momentum = 0.8;
      options.muon /= 2;
    }
    all.push_back(Cuda::update(model.weights(), model.gradients(), m, v, t, 1e-2 / static_cast<double>(t), options));
    all.push_back(model.loss());
    double judged = 0;  // in between, as validation does
    for (const float nll : model.nll(batch)) judged += static_cast<double>(nll);
    all.push_back(judged);
  }
  const auto weights = Cuda::to_host(model.weights()).values;
  all.insert(all.end(), weights.begin(), weights.end());
  return all;
}

}  // namespace

TEST_CASE("kernels: recorded steps give the bits of those that are asked for one by one") {
  const BatchSizes often{3, 6, 4}, smaller{3, 6, 2}, larger{4, 7, 7};
  const std::vector<BatchSizes> steps{often,  often,  often,  often,  smaller, smaller, smaller, often,
                                      larger, larger, larger, larger, often,   often,   often};
  test::with_all_kernels([&] {
    for (const auto& [products, value, muon] : {std::tuple(Precision::fp32, AttentionValue::match, 0.0),
                                                {Precision::fp32, AttentionValue::successor, 3.0},
                                                {Precision::bf16, AttentionValue::successor, 0.0}}) {
      cuda::recordings_in_use() = false;
      const auto expected = trained({19, 5, 20, 2}, steps, products, value, {.muon = muon});
      cuda::recordings_in_use() = true;
      const std::size_t before = cuda::replays();
      const auto found = trained({19, 5, 20, 2}, steps, products, value, {.muon = muon});
      CHECK(found == expected);
      CHECK(cuda::replays() - before > 15);  // of 30 halves of steps
    }
  });
}

TEST_CASE("kernels: recorded steps with contexts, copying and places give the bits of those that are not recorded") {
  const BatchSizes often{3, 6, 4}, without{3, 6, 4, 0}, more{3, 6, 4, 5};
  const std::vector<BatchSizes> steps{more, often, often, often, without, without, without, more, more, more, often};
  test::with_all_kernels([&] {
    const auto run = [&] {
      return trained({19, 5, 20, 2, 4, true, true}, steps, Precision::fp32, AttentionValue::successor, {.muon = 3});
    };
    cuda::recordings_in_use() = false;
    const auto expected = run();
    cuda::recordings_in_use() = true;
    const std::size_t before = cuda::replays();
    CHECK(run() == expected);
    CHECK(cuda::replays() - before > 10);  // of 22 halves of steps
  });
}

TEST_CASE("kernels: work that allocates is not recorded before it has what it needs") {
  cuda::GraphCapture repeated;
  cuda::Buffer<float> buffer;
  int calls = 0;
  const auto run = [&](std::size_t size) {
    repeated.run({}, [&, size] {
      ++calls;
      buffer.resize(size);
      buffer.set_zero();
    });
  };
  const std::size_t before = cuda::replays();
  run(10);  // allocates
  run(10);  // is recorded
  run(10);
  CHECK(calls == 2);
  CHECK(cuda::replays() - before == 2);
  const cuda::Buffer<float> other(5);  // memory may have moved
  run(10);
  run(10);
  run(10);
  CHECK(calls == 4);
  CHECK(cuda::replays() - before == 4);
}
