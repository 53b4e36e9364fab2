// The resident decoder for ThreadSanitizer, and watched, for reads of shared memory that nobody has written: there must
// be no report.
#include <cstddef>
#include <cstdio>
#include <kernels/decode.cuh>
#include <vector>

using namespace musicgen;
using namespace musicgen::kernels;

namespace {

/// Several blocks, tokens beyond the window.
template <class Weight>
void run(int B, int L, int value_offset) {
  const DecodeShape shape{B, 45, 10, L, 3, value_offset};
  const std::vector<Weight> rows(shape.rows() * static_cast<std::size_t>(shape.width()));
  const std::vector<float> zeros(static_cast<std::size_t>(4 * shape.H * (shape.V + shape.L)));
  std::vector<std::byte> state(DecodeState<Weight>::bytes(shape)), work(DecodeWork::bytes(shape));
  std::vector<float> logits(static_cast<std::size_t>(B * shape.V));
  const DecodeBuffers<Weight> buffers{shape,
                                      {rows.data(), zeros.data(), zeros.data(), zeros.data(), zeros.data()},
                                      {shape, state.data()},
                                      {shape, work.data()}};
  const std::vector<int> tokens(static_cast<std::size_t>(B), 1);
  for (int t = 0; t < 5; ++t) decode<Weight>(buffers, tokens.data(), logits.data(), {3, 64}, nullptr);
}

}  // namespace

int main() {
  run<float>(1, 1, 0);
  run<float>(3, 2, 1);
  run<device::bf16>(2, 3, 1);
  std::puts("has run");
}
