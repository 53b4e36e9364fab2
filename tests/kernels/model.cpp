// The whole network through kernels against the CPU's in double: every gradient, and what training makes of it.
#include <musicgen/cuda.hpp>
#include <musicgen/model.hpp>

#include "device.hpp"

using namespace musicgen;
using test::relative_difference;

namespace {

using Reference = BasicCpu<double>;

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

struct Sizes {
  int B, T, Q;
  Dimensions d;
};

struct RandomBatch {
  std::vector<Token> inputs, targets;
  int B, T, Q;

  explicit RandomBatch(const Sizes& s) : B(s.B), T(s.T), Q(s.Q) {
    Random random(9);
    for (int i = 0; i < T * B; ++i) inputs.push_back(random.between(0, s.d.V - 1));
    for (int i = 0; i < Q * B; ++i) targets.push_back(i == 1 ? no_token : random.between(0, s.d.V - 1));
  }
  Sequences view() const { return {B, T, Q, inputs, targets}; }
};

void check_gradients(const Sizes& shape, Precision products, AttentionOptions attention = {}) {
  INFO("B " << shape.B << " T " << shape.T << " Q " << shape.Q << " H " << shape.d.H << " L " << shape.d.L << " V "
            << shape.d.V << (products == Precision::bf16 ? ", bf16" : ", fp32"));
  Model<Cuda> model({shape.d, {}, {}, true, attention}, 5);
  auto reference = copied<Reference>(model);
  model.set_products(products);
  const RandomBatch data(shape);
  const Sequences batch = data.view();
  const double tolerance = test::tolerance(products);
  const auto& logits = model.logits(batch);
  const auto& expected_logits = reference.logits(batch);
  double worst = 0;
  for (int i = 0; i < shape.Q * shape.B; ++i)
    for (int v = 0; v < shape.d.V; ++v)
      worst = std::max(worst, std::abs(static_cast<double>(logits(i, v)) - expected_logits(i, v)));
  CHECK(worst / cpu::map(expected_logits).cwiseAbs().maxCoeff() < tolerance);

  CHECK(model.forward(batch) == Approx(reference.forward(batch)).epsilon(tolerance));
  model.backward(batch);
  reference.backward(batch);
  const auto host = Cuda::to_host(model.gradients());
  const auto gradients = host.tensors();
  const auto expected = reference.gradients().tensors();
  REQUIRE(gradients.size() == expected.size());
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    INFO(gradients[i].name);
    CHECK(gradients[i].name == expected[i].name);
    CHECK(gradients[i].shape == expected[i].shape);
    CHECK(relative_difference(gradients[i].values, expected[i].values) < tolerance);
  }
  CHECK(Cuda::squared_norm(model.gradients()) ==
        Approx(Reference::squared_norm(reference.gradients())).epsilon(2 * tolerance));
}

}  // namespace

TEST_CASE("kernels: gradients of the whole network are the CPU's") {
  check_gradients({1, 1, 1, {19, 5, 8, 1}}, Precision::fp32);
  check_gradients({3, 2, 1, {19, 5, 20, 2}}, Precision::fp32);
  check_gradients({3, 17, 6, {310, 7, 20, 3}}, Precision::fp32);
  check_gradients({2, 17, 17, {19, 8, 130, 3}}, Precision::fp32);
  check_gradients({32, 2, 2, {19, 8, 8, 2}}, Precision::fp32);
}

TEST_CASE("kernels: in bf16 the gradients of the whole network are the CPU's to two digits") {
  check_gradients({1, 1, 1, {19, 5, 8, 1}}, Precision::bf16);
  check_gradients({3, 17, 6, {310, 7, 20, 3}}, Precision::bf16);
  check_gradients({2, 17, 17, {19, 8, 130, 3}}, Precision::bf16);
}

TEST_CASE("kernels: gradients of the whole network are the CPU's at small and odd sizes, under all schedules") {
  int i = 0;
  for (const Precision products : {Precision::fp32, Precision::bf16})
    for (const int B : {1, 3, 32})
      for (const int T : {1, 2, 17})
        for (const int H : {8, 20, 130})
          for (const int V : {19, 310}) {
            const int L = 1 + (i + i / 6) % 3;
            ++i;
            const auto check = [&] {
              check_gradients({B, T, std::min(T, 6), {V, 7, H, L}}, products,
                              (B + L) % 2 == 0 ? AttentionOptions(AttentionValue::match)
                                               : AttentionOptions(AttentionValue::successor, L == 3 ? 0.5f : 1));
            };
            if (B < 32 && H < 130 && (T < 17 || L == 3))
              test::under_all_schedules(check);
            else
              check();
          }
}

TEST_CASE("kernels: gradients of the whole network are the CPU's with more units and songs, under all schedules") {
  const Sizes sizes = GENERATE(Sizes{3, 2, 2, {19, 7, 130, 3}}, Sizes{32, 2, 2, {19, 7, 20, 2}});
  const Precision products = GENERATE(Precision::fp32, Precision::bf16);
  test::under_all_schedules([&] { check_gradients(sizes, products); });
}

TEST_CASE("kernels: a training step allocates nothing after the first, in fp32 and bf16") {
  for (const Precision products : {Precision::fp32, Precision::bf16}) {
    const Sizes shape{3, 5, 4, {19, 5, 20, 3}}, smaller{2, 4, 4, {19, 5, 20, 3}};
    Model<Cuda> model({shape.d, {}, {}, true}, 5);
    model.set_products(products);
    auto m = Cuda::zeros(shape.d), v = m;
    const RandomBatch data(shape), other(smaller);
    const auto step = [&](const RandomBatch& batch, int t) {
      model.forward_backward(batch.view());
      Cuda::update(model.weights(), model.gradients(), m, v, t, 1e-3, {});
      return model.loss();
    };
    step(data, 1);
    const std::size_t before = cuda::allocations();
    for (int t = 2; t < 5; ++t) CHECK(std::isfinite(step(data, t)));
    CHECK(std::isfinite(step(other, 5)));
    CHECK(cuda::allocations() == before);
  }
}

TEST_CASE("kernels: models with contexts, or that copy, are refused") {
  ModelConfig config;
  config.dimensions = {7, 3, 4, 1, 5, false};
  CHECK_THROWS_WITH(Model<Cuda>(config), "CUDA: models with contexts, or that copy, run on the CPU alone");
  config.dimensions = {7, 3, 4, 1, 0, true};
  CHECK_THROWS_WITH(Model<Cuda>(config), "CUDA: models with contexts, or that copy, run on the CPU alone");
}
