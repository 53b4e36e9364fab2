// The device's memory comes to an end.
#include <musicgen/model.hpp>

#include "device.hpp"

using namespace musicgen;
using Catch::Matchers::Contains;

namespace {

Model<Cuda> some_model() {
  return Model<Cuda>({{19, 5, 40, 2}, {}, {}}, 5);
}

/// Of B sequences of T tokens.
std::vector<float> gradients(Model<Cuda>& model, int T, int B) {
  const auto count = static_cast<std::size_t>(T * B);
  const std::vector<Token> inputs(count, 1), targets(count, 2);
  model.learn({B, T, T, inputs, targets});
  return Cuda::to_host(model.gradients()).values;
}

}  // namespace

TEST_CASE("kernels: out of memory is an Error, and what comes after it is as if it had not been") {
  auto undisturbed = some_model();
  const auto small = gradients(undisturbed, 5, 2), large = gradients(undisturbed, 40, 8);

  auto model = some_model();
  gradients(model, 5, 2);
  {
    const test::LittleMemory little(20'000);
    CHECK_THROWS_WITH(gradients(model, 40, 8), Contains("out of memory"));
    CHECK_THROWS_WITH(some_model(), Contains("out of memory"));
    CHECK(gradients(model, 5, 2) == small);
  }
  CHECK(gradients(model, 40, 8) == large);
}

TEST_CASE("kernels: memory may end at any allocation of the first step") {
  auto undisturbed = some_model();
  const auto expected = gradients(undisturbed, 5, 2);
  int failed = 0;
  for (std::size_t bytes = 0;; bytes += 10'000) {
    auto model = some_model();
    bool enough = true;
    try {
      const test::LittleMemory little(bytes);
      gradients(model, 5, 2);
    } catch (const Error& e) {
      CHECK_THAT(e.what(), Contains("out of memory"));
      enough = false;
    }
    CHECK(gradients(model, 5, 2) == expected);
    if (enough) break;
    ++failed;
  }
  CHECK(failed > 5);
}
