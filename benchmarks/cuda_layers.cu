// Embedding, attention, head, loss and the update on a GPU: memory-bound kernels alone, others with the products that
// belong to them. B sequences of 256 tokens, with the loss on all positions.
#include <kernels/adam.cuh>
#include <kernels/embedding.cuh>
#include <kernels/launch.hpp>
#include <musicgen/backend/cuda/adam.hpp>
#include <musicgen/backend/cuda/attention.hpp>
#include <musicgen/backend/cuda/embedding.hpp>
#include <musicgen/backend/cuda/head.hpp>
#include <musicgen/backend/cuda/loss.hpp>
#include <musicgen/backend/cuda/muon.hpp>

#include "cuda_measure.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::benchmarks::gpu;

cuda::Batch random_tokens(int count) {
  Random random(2);
  std::vector<Token> tokens(static_cast<std::size_t>(count));
  for (Token& t : tokens) t = random.between(0, V - 1);
  cuda::Batch batch;
  batch.assign(tokens, tokens, V);
  return batch;
}

double of(int a, double b = 1, double c = 1) {
  return a * b * c;
}

// ---- embedding ----

void gather(benchmark::State& state, int B, int H) {
  const int N = T * B, C = 4 * H;
  const cuda::Batch batch = random_tokens(N);
  cuda::Matrix<float> table, rows;
  resize_random(table, V, C);
  rows.resize(N, C);
  measure(state, {4 * of(N, C) + 4 * of(V, C), 0},
          [&] { kernels::gather_rows(table.data(), batch.tokens(), N, C, rows.data(), cuda::launches()); });
}

void sum_by_token(benchmark::State& state, int B, int H) {
  const int N = T * B, C = 4 * H;
  const cuda::Batch batch = random_tokens(N);
  cuda::Matrix<float> rows, sums;
  resize_random(rows, N, C);
  sums.resize(V, C);
  measure(state, {4 * of(N, C) + 4 * of(V, C), of(N, C)}, [&] {
    kernels::sum_by_token(rows.data(), batch.order(), batch.begins(), V, C, sums.data(), cuda::launches());
  });
}

// ---- attention: two products forward, four backward, each over half of all pairs ----

template <bool bf16, bool backward>
void attention(benchmark::State& state, int B, int H) {
  cuda::Matrix<float> h, dcontext, dh;
  resize_random(h, T * B, H);
  resize_random(dcontext, T * B, H);
  dh.set_zero(T * B, H);
  cuda::FactorMatrix context;
  cuda::AttentionSaved saved;
  const auto forward = [&] {
    cuda::attention_forward(h.view(), B, T, AttentionValue::match, context, saved, true, bf16);
  };
  const double product = 2 * 0.5 * T * (T - 1) * of(B, H), matrix = 4 * of(T, B, H);
  forward();
  if constexpr (backward) {
    measure(state, {4 * matrix, 4 * product, bf16}, [&] {
      cuda::attention_backward(h.view(), B, T, AttentionValue::match, saved, context.exact, dcontext, dh.view());
    });
  } else {
    measure(state, {2 * matrix, 2 * product, bf16}, forward);
  }
  state.SetLabel(saved.one_pass ? "in one pass" : "scores in memory");
}

// ---- head and loss ----

template <bool bf16, bool backward>
void head(benchmark::State& state, int B, int H) {
  const int N = T * B;
  const Dimensions d{V, 32, H, 1};
  cuda::Parameters weights = cuda::Parameters::zeros(d), gradients = weights;
  fill(weights.values.data(), weights.values.size());
  cuda::Buffer<cuda::bf16> rounded;
  const cuda::Weights w = cuda::weights_for_products(weights, bf16 ? Precision::bf16 : Precision::fp32, rounded);
  const auto factor = [&](int columns) {
    cuda::FactorMatrix m;
    m.resize(N, columns, bf16);
    fill(m.exact.data(), m.exact.size());
    if (bf16)
      kernels::round(m.exact.data(), static_cast<std::int64_t>(m.exact.size()), cuda::device_bf16(m.rounded_data()),
                     cuda::launches());
    return m;
  };
  const cuda::FactorMatrix h = factor(H), c = factor(H), dlogits = factor(V);
  cuda::HeadSaved saved;
  cuda::FactorMatrix logits;
  cuda::Matrix<float> dh, dc;
  dh.set_zero(N, H);
  const auto forward = [&] { cuda::head_forward(w, h.view(), c.view(), saved, logits); };
  const double weights_count = 2.0 * H * H + of(H, V), flops = 2 * of(N, weights_count);
  // Factors and weights are read; the hidden row and logits are written; backward, dh and the weights' gradients are
  // added to.
  const double of_a_factor = bf16 ? 2 : 4;
  const double forward_bytes = of_a_factor * (2 * of(N, H) + weights_count) + (bf16 ? 6 : 4) * of(N, H) + 4 * of(N, V);
  const double backward_bytes =
      of_a_factor * (3 * of(N, H) + of(N, V) + weights_count) + 12 * of(N, H) + 8 * weights_count;
  forward();
  if constexpr (backward)
    measure(state, {backward_bytes, 2 * flops, bf16}, [&] {
      cuda::head_backward(w, h.view(), c.view(), saved, dlogits.view(), dh.view(), dc, gradients.tensors().head());
    });
  else
    measure(state, {forward_bytes, flops, bf16}, forward);
}

void loss(benchmark::State& state, int B, int) {
  const int N = T * B;
  const cuda::Batch batch = random_tokens(N);
  cuda::FactorMatrix logits;
  resize_random(logits.exact, N, V);
  cuda::LossSaved saved;
  measure(state, {8 * of(N, V), 6 * of(N, V)}, [&] { cuda::softmax_cross_entropy(logits, batch, saved); });
}

// ---- the update ----

void adam(benchmark::State& state, int, int H) {
  cuda::Buffer<float> w = random_numbers(cuda::Layout({V, 32, H, 3}).size()), g = w, m = w, v = w;
  const auto n = static_cast<std::int64_t>(w.size());
  cuda::Buffer<double> parts(kernels::most_parts_of_a_norm);
  cuda::Buffer<kernels::Norm> norm(1);
  cuda::Buffer<kernels::AdamStep> step(1);
  v.set_zero();
  step.set_zero();  // nothing is learned
  measure(state, {32.0 * static_cast<double>(n), 14.0 * static_cast<double>(n)}, [&] {
    kernels::sum_of_squares(g.data(), n, 1, parts.data(), norm.data(), cuda::launches());
    kernels::adam_update(step.data(), norm.data(), g.data(), n, w.data(), m.data(), v.data(), cuda::launches());
  });
}

/// All matrices that learn by Muon in a network of three layers.
void muon(benchmark::State& state, int, int H) {
  const Dimensions d{V, 32, H, 3};
  auto w = cuda::Parameters::zeros(d), g = w, m = w;
  g.values = random_numbers(w.values.size());
  cuda::Buffer<float> factor(1), numbers(2);  // zeros: nothing is learned
  factor.set_zero();
  numbers.set_zero();
  cuda::MuonSaved saved;
  double flops = 0, bytes = 0;
  const auto count = [&](double matrices, double few, double many) {
    flops += matrices * 10 * (2 * few * few * many + few * few * few);
    bytes += matrices * 4 * (10 * few * many + 5 * (6 * few * many + 7 * few * few));
  };
  count(3, std::min(32, H), std::max(32, H));
  count(15, H, H);
  count(1, H, 2.0 * H);
  measure(state, {bytes, flops}, [&] { cuda::muon_update(w, g, m, factor.data(), numbers.data(), 0.95f, saved); });
}

const bool registered = [] {
  add("embedding/gather", gather);
  add("embedding/sum_by_token", sum_by_token);
  add("attention/forward/fp32", attention<false, false>);
  add("attention/forward/bf16", attention<true, false>);
  add("attention/backward/fp32", attention<false, true>);
  add("attention/backward/bf16", attention<true, true>);
  add("head/forward/fp32", head<false, false>);
  add("head/forward/bf16", head<true, false>);
  add("head/backward/fp32", head<false, true>);
  add("head/backward/bf16", head<true, true>);
  add("loss", loss, all_batches, {0});
  add("adam, norm included", adam, {0});
  add("muon", muon, {0});
  return true;
}();

}  // namespace
