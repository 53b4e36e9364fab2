// The resident decoder, and with it sampling and the grammar, for ThreadSanitizer, and watched, for reads of shared
// memory that nobody has written: there must be no report.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <kernels/decode.cuh>
#include <vector>

using namespace musicgen;
using namespace musicgen::kernels;

namespace {

/// Several blocks and launches, a prompt, draws beyond the window, rows in shared memory and outside.
template <class Weight>
void run(int B, int L, const kernels::SamplingOptions& options, bool grammar, int value_offset) {
  const auto vocabulary = Vocabulary::standard();
  const DecodeShape shape{B, vocabulary.size(), 10, L, 3, value_offset};
  const std::vector<Weight> rows(shape.rows() * static_cast<std::size_t>(shape.width()));
  const std::vector<float> zeros(static_cast<std::size_t>(4 * shape.H * (shape.V + shape.L)));
  std::vector<std::byte> state(DecodeState<Weight>::bytes(shape)), work(DecodeWork::bytes(shape));
  std::vector<float> logits(static_cast<std::size_t>(B * shape.V));
  std::vector<Generator> generators(static_cast<std::size_t>(B), Generator{1, 2});
  std::vector<GrammarState> songs(static_cast<std::size_t>(B));
  std::vector<int> tokens(static_cast<std::size_t>(6 * B));
  std::vector<double> log_probabilities(tokens.size());
  const DecodeBuffers<Weight> buffers{shape,
                                      {rows.data(), zeros.data(), zeros.data(), zeros.data(), zeros.data()},
                                      {shape, state.data()},
                                      {shape, work.data()}};
  const HostGrammarRules rules(vocabulary, true, {});
  const std::vector<int> prompt(static_cast<std::size_t>(2 * B), vocabulary.start());
  const std::vector<std::uint32_t> pitches(static_cast<std::size_t>(shape.V + 31) / 32, 0x55555555u);
  DecodeRun run{prompt.data(), 2, 6, logits.data(), {shape.V, options}};
  run.rules.pitches = pitches.data();
  run.grammar = {rules.words.data(), rules.playable.data(), rules.canonical, rules.has_notes};
  run.songs = grammar ? songs.data() : nullptr;
  run.generators = generators.data();
  run.tokens = tokens.data();
  run.log_probabilities = log_probabilities.data();
  for (const std::size_t shared_bytes : {0u, 100000u}) decode<Weight>(buffers, run, {3, 64, shared_bytes}, nullptr);
  decode<Weight>(buffers, {prompt.data(), 1, 0, logits.data()}, {3, 64}, nullptr);
}

/// Without the network.
void draw() {
  constexpr int B = 3, V = 405;
  const std::vector<float> logits(B * V, 0.1f);
  std::vector<Generator> generators(B, Generator{1, 2});
  std::vector<int> tokens(B);
  std::vector<double> log_probabilities(B);
  sample({B, {V, {.top_p = 0.9f}}, logits.data(), nullptr, generators.data(), tokens.data(), log_probabilities.data()},
         nullptr);
}

}  // namespace

int main() {
  draw();
  run<float>(1, 1, {}, true, 0);
  run<float>(3, 2, {.top_k = 9, .top_p = 0.9f, .min_p = 0.1f, .pitch_temperature = 0.7f, .pitch_top_p = 0.9f}, true, 1);
  run<device::bf16>(2, 3, {.temperature = 0}, false, 1);
  std::puts("has run");
}
