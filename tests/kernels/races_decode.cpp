// The resident decoder for ThreadSanitizer, and watched, for reads of shared memory that nobody has written: there must
// be no report.
#include <cstddef>
#include <cstdio>
#include <kernels/decode.cuh>
#include <vector>

using namespace musicgen;
using namespace musicgen::kernels;

namespace {

/// Several blocks and launches, tokens beyond the window, many in a launch and one, rows in shared memory and outside.
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
  const std::vector<int> tokens(static_cast<std::size_t>(7 * B), 1);
  for (const std::size_t shared_bytes : {0u, 100000u})
    decode<Weight>(buffers, {tokens.data(), 7, logits.data()}, {3, 64, shared_bytes}, nullptr);
  decode<Weight>(buffers, {tokens.data(), 1, logits.data()}, {3, 64}, nullptr);
}

}  // namespace

int main() {
  run<float>(1, 1, 0);
  run<float>(3, 2, 1);
  run<device::bf16>(2, 3, 1);
  std::puts("has run");
}
