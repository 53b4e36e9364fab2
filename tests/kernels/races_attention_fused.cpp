// Fused attention for ThreadSanitizer, which takes each of its threads for a thread, and watched, for reads of shared
// memory that nobody has written: there must be no report.
#include <cstdio>
#include <kernels/attention_fused.cuh>
#include <vector>

using namespace musicgen::kernels;

namespace {

/// Several tiles and warps, and padding.
template <class Operands>
void run(int B, int T, int Q, int H, int value_offset) {
  const std::vector<float> h(static_cast<std::size_t>(B * T * H), 0.1f),
      dcontext(static_cast<std::size_t>(B * Q * H), 1), of_queries(static_cast<std::size_t>(B * Q), 0.5f);
  std::vector<float> context(dcontext.size()), lse(static_cast<std::size_t>(B * Q)), D(lse.size()), dh(h.size());
  FusedAttention x{B,        T,         Q,           H, h.data(), context.data(), lse.data(), dcontext.data(),
                   D.data(), dh.data(), value_offset};
  attention_fused_forward<Operands>(x, nullptr);
  attention_fused_backward<Operands>(x, nullptr);

  // Every output is at one place, and all tokens are the same.
  const std::vector<int> same(static_cast<std::size_t>(B * T), 3);
  std::vector<float> dworth(lse.size()), found(lse.size());
  x.places = {same.data(), same.data(), of_queries.data(), dworth.data()};
  x.copied = {same.data(), same.data(), found.data(), of_queries.data()};
  attention_fused_forward<Operands>(x, nullptr);
  attention_fused_backward<Operands>(x, nullptr);
}

}  // namespace

int main() {
  run<InFp32>(1, 35, 35, 70, 0);
  run<InBf16>(2, 20, 7, 33, 1);
  run<InBf16>(1, 18, 18, 600, 0);
  run<InFp32>(1, 35, 35, 40, 1);
  std::puts("has run");
}
