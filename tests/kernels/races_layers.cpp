// The kernels of embedding, plain attention, loss, sums and updates, for ThreadSanitizer, and watched, for reads of
// shared memory that nobody has written: there must be no report.
#include <cstdio>
#include <kernels/attention.cuh>
#include <kernels/column_sums.cuh>
#include <kernels/copying.cuh>
#include <kernels/embedding.cuh>
#include <kernels/loss.cuh>
#include <kernels/muon.cuh>
#include <vector>

using namespace musicgen;
using namespace musicgen::kernels;

namespace {

/// Two matrices in a row.
void updates() {
  constexpr int n = 260, matrices = 2;
  std::vector<float> g(matrices * n, 1), m(g), v(g), x(g), w(g);
  std::vector<double> parts(most_parts_of_a_norm);
  Norm norm{};
  const AdamStep step{};
  const float factor = 1, decay[] = {0.9f, 0.1f};
  sum_of_squares(g.data(), matrices * n, 1, parts.data(), &norm, nullptr);
  adam_update(&step, &norm, g.data(), matrices * n, w.data(), m.data(), v.data(), nullptr);
  muon_direction(&factor, 0.9f, g.data(), matrices * n, m.data(), x.data(), nullptr);
  // shrink_to_norm_1 with fewer parts, the others being 0: there is no room for more threads.
  device::launch(square_parts_kernel, dim3(4, matrices), 256, 0, nullptr, x.data(), n, parts.data());
  device::launch(shrink_kernel, dim3(blocks_for(n), matrices), threads_of_a_block, 0, nullptr, parts.data(), n,
                 x.data());
  combine(1, w.data(), 2, matrices * n, x.data(), nullptr);
  muon_apply(&factor, decay, 1, x.data(), matrices * n, w.data(), nullptr);
}

void losses() {
  constexpr int count = 30, V = 310;
  const std::vector<int> targets(count, 3);
  std::vector<float> logits(count * V, 0.1f), nll(count);
  std::vector<device::bf16> rounded(logits.size());
  double loss = 0;
  std::vector<float> found(count, 0.5f), shares(count);
  cross_entropy(targets.data(), &count, count, V, logits.data(), rounded.data(), nll.data(),
                {found.data(), shares.data()}, nullptr);
  mean(nll.data(), count, &count, &loss, nullptr);
}

/// All positions have the same token, and twice the same context.
void embeddings() {
  constexpr int positions = 30, V = 3, H = 20;
  const std::vector<int> tokens(positions, 1), contexts(2 * positions, 2), begins{0, 0, positions, 3 * positions};
  std::vector<int> order;
  for (int i = 0; i < 3 * positions; ++i) order.push_back(i < positions ? i : (i - positions) / 2);
  std::vector<float4> rows(positions * H), table(V * H);  // of 4H numbers
  const auto floats = [](std::vector<float4>& values) { return &values[0].x; };
  gather_rows(floats(table), {tokens.data(), contexts.data(), 2}, positions, 4 * H, floats(rows), nullptr);
  sum_by_token(floats(rows), order.data(), begins.data(), V, 4 * H, floats(table), nullptr);
  std::vector<float> memory(column_sums_memory(700, H)), sums(H);
  const std::vector<float> many(700 * H, 1);
  add_column_sums(many.data(), 700, H, H, memory.data(), sums.data(), nullptr);
}

/// Every other output is at one place, and all tokens are the same.
void attention() {
  constexpr int B = 2, T = 20, V = 300;
  std::vector<float> scores(B * T * T, 1), gradients(scores), of_queries(T * B, 0.5f), found(of_queries),
      dworth(of_queries), logits(T * B * (V + 1)), mixed(T * B * V);
  const std::vector<int> tokens(T * B, 3);
  std::vector<int> places;
  for (int i = 0; i < T * B; ++i) places.push_back(i / B % 2);
  const ScoreRows rows{B, T, T * T, T, T, 0};
  const PreferredPlaces preferred{places.data(), places.data(), of_queries.data(), dworth.data()};
  const CopiedTokens copied{tokens.data(), tokens.data(), found.data(), of_queries.data()};
  softmax_of_earlier(rows, preferred, copied, scores.data(), nullptr);
  const ScoreRows few{B, 5, T * T, T, T, T - 5};  // there is no room for more threads
  mix_copies(few, scores.data(), tokens.data(), V, logits.data(), mixed.data(), nullptr);
  softmax_of_earlier_backward(rows, scores.data(), rows, preferred, copied, gradients.data(), nullptr);
}

}  // namespace

int main() {
  updates();
  losses();
  embeddings();
  attention();
  std::puts("has run");
}
