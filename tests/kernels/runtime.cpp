// The device's memory comes to an end.
#include <musicgen/model.hpp>

#include "device.hpp"

using namespace musicgen;
using Catch::Contains;

TEST_CASE("kernels: out of memory is an Error, and what comes after it is as if it had not been", "[refused]") {
  const auto some_model = [] { return Model<Cuda>({{19, 5, 40, 2}, {}, {}}, 5); };
  const auto gradients = [](Model<Cuda>& model, int T, int B) {
    const auto count = static_cast<std::size_t>(T * B);
    const std::vector<Token> inputs(count, 1), targets(count, 2);
    model.forward_backward({B, T, T, inputs, targets});
    return Cuda::to_host(model.gradients()).values;
  };
  auto undisturbed = some_model(), model = some_model();
  const auto small = gradients(undisturbed, 5, 2), large = gradients(undisturbed, 40, 8);
  gradients(model, 5, 2);
  test::with_little_memory(20'000, [&] {
    CHECK_THROWS_WITH(gradients(model, 40, 8), Contains("out of memory"));
    CHECK_THROWS_WITH(some_model(), Contains("out of memory"));
    CHECK(gradients(model, 5, 2) == small);
  });
  CHECK(gradients(model, 40, 8) == large);
}
