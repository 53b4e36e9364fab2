// The persistent GRU for ThreadSanitizer, which takes each of its threads for a thread, and watched, for reads of
// shared memory that nobody has written: there must be no report.
#include <cstdio>
#include <kernels/gru_persistent.cuh>
#include <vector>

using namespace musicgen;
using namespace musicgen::kernels;

namespace {

/// Several blocks that share sequences, several passes of each, and padding.
template <class Operand>
void run(int B, int T, int H) {
  const auto size = static_cast<std::size_t>(T * B * H);
  const std::vector<Operand> w_hh(static_cast<std::size_t>(3 * H * H));
  std::vector<float> gates(4 * size), h(size + static_cast<std::size_t>(B * H)), dh(size);
  std::vector<bf16> h_rounded(h.size()), gates_rounded(gates.size());

  const GruLimits limits{.multiprocessors = 4};
  const GruPlan forward = plan_gru_steps_forward<Operand>(B, H, limits);
  std::vector<uint4> workspace(forward.workspace_bytes / sizeof(uint4));
  gru_steps_forward<Operand>(
      forward, {B, T, H, w_hh.data(), gates.data(), h.data(), h_rounded.data(), workspace.data()}, nullptr);

  const GruPlan backward = plan_gru_steps_backward<Operand>(B, H, limits);
  workspace.resize(backward.workspace_bytes / sizeof(uint4));
  gru_steps_backward<Operand>(
      backward, {B, T, H, w_hh.data(), h.data(), dh.data(), gates.data(), gates_rounded.data(), workspace.data()},
      nullptr);
}

}  // namespace

int main() {
  run<bf16>(35, 4, 20);
  run<float>(35, 4, 20);
  std::puts("has run");
}
