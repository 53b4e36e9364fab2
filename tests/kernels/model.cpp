// The whole network through kernels against the CPU's in double: every gradient, and what training makes of it.
#include <musicgen/cuda.hpp>
#include <musicgen/model.hpp>

#include "device.hpp"

using namespace musicgen;
using test::copied;
using test::relative_difference;

namespace {

using Reference = BasicCpu<double>;

struct Sizes {
  int B, T, Q;
  Dimensions d;
};

/// With three contexts of each token, and places, where the model has a use for them.
struct RandomBatch {
  std::vector<Token> inputs, targets, contexts;
  std::vector<std::int32_t> places;
  int B, T, Q;

  explicit RandomBatch(const Sizes& s, std::uint64_t seed = 9) : B(s.B), T(s.T), Q(s.Q) {
    Random random(seed);
    for (int i = 0; i < T * B; ++i) inputs.push_back(random.between(0, s.d.V - 1));
    for (int i = 0; i < Q * B; ++i) targets.push_back(i == 1 ? no_token : random.between(0, s.d.V - 1));
    if (s.d.C > 0)
      for (int i = 0; i < 3 * T * B; ++i) contexts.push_back(s.d.V + random.between(0, s.d.C - 1));
    if (s.d.places)
      for (int i = 0; i < T * B; ++i) places.push_back(random.between(-1, 3));
  }
  Sequences view() const { return {B, T, Q, inputs, targets, contexts, places}; }
};

void check_gradients(const Sizes& shape, Precision products, AttentionOptions attention = {}) {
  INFO("B " << shape.B << " T " << shape.T << " Q " << shape.Q << " H " << shape.d.H << " L " << shape.d.L << " V "
            << shape.d.V << " C " << shape.d.C << (shape.d.copies ? " copies" : "") << (shape.d.places ? " places" : "")
            << (products == Precision::bf16 ? ", bf16" : ", fp32"));
  Model<Cuda> model = test::model_with_contexts({shape.d, {}, {}, true, attention}, 5);
  auto reference = copied<Reference>(model);
  model.set_products(products);
  const RandomBatch data(shape);
  const Sequences batch = data.view();
  const double tolerance = test::tolerance(products);
  const auto nll = model.nll(batch);
  CHECK(relative_difference(std::vector(nll.begin(), nll.end()), reference.nll(batch)) < tolerance);
  const auto& logits = model.logits(batch);
  const auto& expected_logits = reference.logits(batch);
  double worst = 0;
  REQUIRE(logits.cols() == shape.d.V);
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

TEST_CASE("kernels: gradients of the whole network are the CPU's with contexts, copying and places") {
  const std::array attention{AttentionOptions(AttentionValue::match),
                             AttentionOptions(AttentionValue::successor, 0.3f)};
  test::with_all_kernels([&] {
    for (const auto& options : attention) {
      check_gradients({3, 17, 6, {19, 7, 20, 2, 9}}, Precision::fp32, options);
      check_gradients({3, 17, 6, {19, 7, 20, 2, 0, true}}, Precision::fp32, options);
      check_gradients({3, 17, 6, {19, 7, 20, 2, 0, false, true}}, Precision::fp32, options);
      for (const Precision products : {Precision::fp32, Precision::bf16}) {
        check_gradients({1, 1, 1, {7, 3, 8, 1, 5, true, true}}, products, options);
        check_gradients({2, 17, 17, {19, 8, 20, 3, 9, true, true}}, products, options);
        check_gradients({32, 2, 2, {310, 7, 8, 2, 9, true, true}}, products, options);
      }
    }
  });
  test::under_all_schedules([&] {
    check_gradients({3, 7, 6, {19, 7, 20, 2, 9, true, true}}, Precision::fp32, attention[1]);
  });
}

TEST_CASE("kernels: with contexts, copying and places ten training steps follow the CPU's losses") {
  const Sizes shape{3, 12, 12, {19, 8, 20, 2, 9, true, true}};
  test::with_all_kernels([&] {
    Model<Cuda> model = test::model_with_contexts({shape.d, {}, {}, true, AttentionValue::successor}, 5);
    auto reference = copied<Reference>(model);
    auto m = Cuda::zeros(shape.d), v = m;
    auto reference_m = Reference::zeros(shape.d), reference_v = reference_m;
    double first = 0;
    for (int t = 1; t <= 10; ++t) {
      const RandomBatch data(shape, 9 + static_cast<std::uint64_t>(t % 2));
      model.forward_backward(data.view());
      reference.forward_backward(data.view());
      const OptimizerOptions options{.muon = t > 5 ? 3.0 : 0.0};
      const double norm = Cuda::update(model.weights(), model.gradients(), m, v, t, 1e-2, options);
      CHECK(norm == Approx(Reference::update(reference.weights(), reference.gradients(), reference_m, reference_v, t,
                                             1e-2, options))
                        .epsilon(1e-4));
      CHECK(model.loss() == Approx(reference.loss()).epsilon(1e-4));
      if (t == 1) first = model.loss();
    }
    CHECK(model.loss() < first - 0.1);  // and learn
  });
}

TEST_CASE("kernels: a training step allocates nothing after the first, in fp32 and bf16") {
  for (const Precision products : {Precision::fp32, Precision::bf16}) {
    const Dimensions d{19, 5, 20, 3, 4, true, true};
    const Sizes shape{3, 5, 4, d}, smaller{2, 4, 4, d};
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
