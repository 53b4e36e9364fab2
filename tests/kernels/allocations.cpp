// Memory may run out at any allocation of a training step. On a GPU the test cannot choose at which.
#include <emulator/runtime.hpp>
#include <musicgen/model.hpp>

#include "device.hpp"

using namespace musicgen;

namespace {

/// Weights, moments and everything else that their first step changes.
struct Training {
  explicit Training(const Dimensions& d) : model({d, {}, {}}, 5) {}

  Model<Cuda> model;
  Cuda::Parameters m = Cuda::zeros(model.dimensions()), v = m;

  void learn() {
    const std::vector<Token> inputs(10, 1), targets(10, 2);
    model.forward_backward({2, 5, 5, inputs, targets});
  }
  void update() { Cuda::update(model.weights(), model.gradients(), m, v, 1, 1e-2, {.muon = 3}); }
  std::vector<float> step() {
    learn();
    update();
    return Cuda::to_host(model.weights()).values;
  }
};

constexpr Dimensions small{19, 5, 20, 2};

}  // namespace

TEST_CASE("kernels: memory may end at any allocation of a first step, which can then be done again") {
  const auto expected = Training(small).step();
  std::size_t failed = 0;
  for (bool enough = false; !enough;) {
    Training training(small);
    emulator::leave_allocations(failed);
    try {
      training.step();
      enough = true;
    } catch (const Error& e) {
      REQUIRE_THAT(e.what(), Catch::Contains("out of memory"));
      ++failed;
    }
    emulator::leave_allocations(SIZE_MAX);
    if (!enough) CHECK(training.step() == expected);
  }
  CHECK(failed > 20);
}

TEST_CASE("kernels: an update that finds too little memory for Muon changes nothing") {
  Training training({19, 5, 160, 1});  // more than Muon has needed before
  training.learn();
  const auto everything = [&] {
    return std::array{Cuda::to_host(training.model.weights()).values, Cuda::to_host(training.m).values,
                      Cuda::to_host(training.v).values};
  };
  const auto before = everything();
  emulator::leave_allocations(0);
  CHECK_THROWS_WITH(training.update(), Catch::Contains("out of memory"));
  emulator::leave_allocations(SIZE_MAX);
  CHECK(everything() == before);
  training.update();
  CHECK(everything() != before);
}
