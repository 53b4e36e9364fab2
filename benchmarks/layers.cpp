// Each layer alone, forward and backward, at the shape of the original's third stage: T = 149, Q = 50, B = 32.
#include "report.hpp"

namespace {

using namespace musicgen;
using namespace musicgen::benchmarks;
using namespace musicgen::cpu;

const BatchShape shape = stage_shape(3);
const Index T = shape.T, B = shape.B, Q = shape.Q;

/// The bytes of some floats.
double floats(double count) {
  return 4 * count;
}
Matrix<float> random_matrix(Index rows, Index columns) {
  Random random(1);
  Matrix<float> m(rows, columns);
  for (Index i = 0; i < m.size(); ++i) m.data()[i] = static_cast<float>(0.2 * random.uniform() - 0.1);
  return m;
}
RowVector<float> random_row(Index columns) {
  return random_matrix(1, columns);
}
GruParameters<float> random_gru(Index I, Index H) {
  return {random_matrix(3 * H, I), random_matrix(3 * H, H), random_row(3 * H), random_row(3 * H)};
}

void gru(benchmark::State& state, bool backward) {
  const Index H = state.range(0);
  const GruParameters<float> p = random_gru(H, H);
  GruParameters<float> gradients = random_gru(H, H);
  const Matrix<float> x = random_matrix(T * B, H), dh = random_matrix(T * B, H);
  Matrix<float> dx;
  GruSaved<float> saved;
  gru_forward<float>(p, view(x), B, nullptr, saved);
  const Matrix<float> gates = saved.gates;
  for (auto _ : state) {
    if (!backward) {
      gru_forward<float>(p, view(x), B, nullptr, saved);
      continue;
    }
    state.PauseTiming();
    saved.gates = gates;  // overwritten by their gradients below
    state.ResumeTiming();
    gru_backward<float>(p, view(x), B, saved, dh, &dx, gradients);
  }
  const double rows = static_cast<double>(T * B), weights = 6 * static_cast<double>(H * H),
               columns = 6 * static_cast<double>(H);
  report_flops(state, (backward ? 2 : 1) * 2 * rows * weights, (backward ? 2 : 1) * floats(weights + rows * columns));
}
BENCHMARK_CAPTURE(gru, forward, false)->Arg(256)->Arg(1028)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(gru, backward, true)->Arg(256)->Arg(1028)->UseRealTime()->Unit(benchmark::kMillisecond);

void gru_steps_alone(benchmark::State& state) {
  const Index H = state.range(0);
  const GruParameters<float> p = random_gru(H, H);
  GruSaved<float> saved;
  saved.gates = random_matrix(T * B, 4 * H);
  for (auto _ : state) gru_steps<float>(p, B, nullptr, saved);
  report_flops(state, 6.0 * static_cast<double>(T * B * H * H),
               floats(3 * static_cast<double>(H * H) + 5 * static_cast<double>(T * B * H)));
}
BENCHMARK(gru_steps_alone)->Name("gru/steps")->Arg(256)->Arg(1028)->UseRealTime()->Unit(benchmark::kMillisecond);

void embedding(benchmark::State& state, bool backward) {
  const Index H = state.range(0), V = 405, E = 32;
  const GruParameters<float> p = random_gru(E, H);
  GruParameters<float> gradients = random_gru(E, H);
  const Matrix<float> e = random_matrix(V, E);
  std::vector<Token> tokens(static_cast<std::size_t>(T * B));
  Random random(1);
  for (Token& t : tokens) t = static_cast<Token>(random.below(V));
  Matrix<float> table, gates, sum, de = random_matrix(V, E);
  embedding_forward<float>(e, p, tokens, {}, table, gates);
  for (auto _ : state)
    if (backward)
      embedding_backward<float>(e, p, tokens, {}, gates, table, sum, de, gradients.w_ih);
    else
      embedding_forward<float>(e, p, tokens, {}, table, gates);
  report_bytes(state, static_cast<double>(T * B * 4 * H) * sizeof(float));
}
BENCHMARK_CAPTURE(embedding, forward, false)->Arg(256)->Arg(1028)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(embedding, backward, true)->Arg(256)->Arg(1028)->UseRealTime()->Unit(benchmark::kMicrosecond);

void attention(benchmark::State& state, bool backward) {
  const Index H = state.range(0);
  const Matrix<float> h = random_matrix(T * B, H), dcontext = random_matrix(Q * B, H);
  Matrix<float> context, dh = random_matrix(T * B, H);
  AttentionSaved<float> saved;
  attention_forward<float>(view(h), B, Q, AttentionValue::match, context, &saved);
  for (auto _ : state)
    if (backward)
      attention_backward<float>(view(h), B, Q, AttentionValue::match, saved, dcontext, view(dh));
    else
      attention_forward<float>(view(h), B, Q, AttentionValue::match, context, &saved);
  const double pairs = static_cast<double>(B * Q) * (static_cast<double>(T) - 0.5 * static_cast<double>(Q + 1));
  report_flops(state, (backward ? 2 : 1) * 4 * pairs * static_cast<double>(H),
               (backward ? 2 : 1) * floats(static_cast<double>((T + Q) * B * H)));
}
BENCHMARK_CAPTURE(attention, forward, false)->Arg(256)->Arg(1028)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(attention, backward, true)->Arg(256)->Arg(1028)->UseRealTime()->Unit(benchmark::kMillisecond);

void head(benchmark::State& state, bool backward) {
  const Index H = state.range(0), V = 405, N = Q * B;
  const auto draw = [&] {
    return HeadParameters<float>{random_matrix(H, 2 * H), random_row(H), random_matrix(V, H), random_row(V)};
  };
  const HeadParameters<float> p = draw();
  HeadParameters<float> gradients = draw();
  const Matrix<float> h = random_matrix(N, H), c = random_matrix(N, H), dlogits = random_matrix(N, V);
  Matrix<float> dh = random_matrix(N, H), dc, logits;
  HeadSaved<float> saved;
  head_forward<float>(p, view(h), c, saved, logits);
  for (auto _ : state)
    if (backward)
      head_backward<float>(p, view(h), c, saved, dlogits, view(dh), dc, gradients);
    else
      head_forward<float>(p, view(h), c, saved, logits);
  const double weights = static_cast<double>(2 * H * H + H * V), columns = static_cast<double>(3 * H + V);
  report_flops(state, (backward ? 2 : 1) * 2 * static_cast<double>(N) * weights,
               (backward ? 2 : 1) * floats(weights + static_cast<double>(N) * columns));
}
BENCHMARK_CAPTURE(head, forward, false)->Arg(256)->Arg(1028)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(head, backward, true)->Arg(256)->Arg(1028)->UseRealTime()->Unit(benchmark::kMillisecond);

void adam(benchmark::State& state) {
  const Dimensions d = dimensions(static_cast<int>(state.range(0)), 3);
  Cpu::Parameters w = Cpu::zeros(d), g = Cpu::zeros(d), m = Cpu::zeros(d), v = Cpu::zeros(d);
  double bytes = 0;
  for (const auto& t : w.tensors())
    bytes += 8 * 4 * static_cast<double>(t.values.size());  // reads five (the norm), writes three
  for (auto _ : state) Cpu::update(w, g, m, v, 1, 1e-3, {});
  report_bytes(state, bytes, 14 * bytes / 32);  // some 14 operations per element
}
BENCHMARK(adam)->Arg(256)->Arg(1028)->UseRealTime()->Unit(benchmark::kMillisecond);

void muon(benchmark::State& state) {
  const Index R = state.range(0), N = state.range(1);
  Matrix<float> w = random_matrix(R, N), g = random_matrix(R, N), m = random_matrix(R, N);
  for (auto _ : state) muon_update<float>(view(w), view(g), view(m), 1e-3, 1, {});
  const double few = static_cast<double>(std::min(R, N)), many = static_cast<double>(std::max(R, N));
  report_flops(state, 10 * (2 * few * few * many + few * few * few), floats(5 * few * many));
}
BENCHMARK(muon)
    ->Args({256, 96})
    ->Args({256, 256})
    ->Args({256, 512})
    ->Args({1028, 1028})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void loss(benchmark::State& state) {
  const Index V = 405, N = Q * B;
  Matrix<float> logits = random_matrix(N, V);
  std::vector<float> nll;
  const std::vector<Token> targets(static_cast<std::size_t>(N), 7);
  for (auto _ : state) benchmark::DoNotOptimize(softmax_cross_entropy<float>(logits, targets, nll));
  report_bytes(state, floats(2 * static_cast<double>(N * V)), 20 * static_cast<double>(N * V));
}
BENCHMARK(loss)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
