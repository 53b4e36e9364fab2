// The grammar on the device against tokens/grammar.hpp, token by token.
#include <array>
#include <catch.hpp>
#include <kernels/grammar.cuh>
#include <kernels/launch.hpp>
#include <musicgen/core/random.hpp>
#include <musicgen/tokens/grammar.hpp>

#include "machine.hpp"

namespace kernels_grammar {

using namespace musicgen;
using test::on_device;

/// Goes on by a token, and writes what may come then.
__global__ static void follow_kernel(kernels::GrammarState* song, kernels::GrammarRules rules, int token, int V,
                                     std::uint8_t* mask) {
  song->advance(rules, token);
  __syncthreads();
  for (int v = static_cast<int>(threadIdx.x); v < V; v += static_cast<int>(blockDim.x))
    mask[v] = song->allows(rules, v);
}

/// A token that may come, of a random kind, so that songs have all of them; `$` only if nothing else may.
Token any_of(const std::vector<std::uint8_t>& mask, const Vocabulary& vocabulary, Random& random) {
  std::array<std::vector<Token>, 7> by_kind;
  for (Token t = 0; t < vocabulary.size(); ++t)
    if (mask[static_cast<std::size_t>(t)]) by_kind[static_cast<std::size_t>(vocabulary[t].kind)].push_back(t);
  std::vector<const std::vector<Token>*> kinds;
  for (const auto& tokens : by_kind)
    if (!tokens.empty() && tokens[0] != vocabulary.end()) kinds.push_back(&tokens);
  if (kinds.empty()) return vocabulary.end();
  const auto& tokens = *kinds[random.below(kinds.size())];
  return tokens[random.below(tokens.size())];
}

TEST_CASE("kernel grammar: after every token the CPU's mask") {
  const bool canonical = GENERATE(false, true), with_forbidden = GENERATE(false, true);
  const auto vocabulary = Vocabulary::standard();
  const auto V = static_cast<std::size_t>(vocabulary.size());
  std::vector<std::uint8_t> forbidden(V), expected(V);
  if (with_forbidden)
    for (Token t = 0; t < vocabulary.size(); ++t) {
      const TokenEvent m = vocabulary[t];
      forbidden[static_cast<std::size_t>(t)] =
          (m.kind == TokenKind::note_on && m.value % 50 != 7) || (m.kind == TokenKind::track && m.value % 6 != 1) ||
          (m.kind == TokenKind::velocity && m.value % 3 == 0) || (m.kind == TokenKind::time && m.value % 50 != 0);
    }
  const kernels::HostGrammarRules host(vocabulary, canonical, forbidden);
  const auto words = on_device(host.words);
  const auto playable = on_device(host.playable);
  const kernels::GrammarRules rules{words.data(), playable.data(), host.canonical, host.has_notes};
  Random random(2);
  int ended = 0;
  for (int n = 0; n < 3; ++n) {
    Grammar grammar(vocabulary, {.canonical = canonical, .forbidden = forbidden});
    auto song = on_device(std::vector<kernels::GrammarState>(1));
    cuda::Buffer<std::uint8_t> mask(V);
    const auto advance = [&](Token token) {
      device::launch(follow_kernel, 1, 32, 0, cuda::launches(), song.data(), rules, token, vocabulary.size(),
                     mask.data());
      grammar.advance(token);
      grammar.allowed(expected);
      REQUIRE(test::on_host(mask) == expected);
    };
    Token token = vocabulary.start();
    for (int i = 0; i < 150 && !grammar.ended(); ++i) {
      advance(token);
      token = any_of(expected, vocabulary, random);
    }
    if (!grammar.ended()) {  // and to its end
      for (const Token last : closing(grammar).tokens) {
        if (!grammar.allows(last)) break;
        advance(last);
      }
    }
    ended += grammar.ended();
  }
  CHECK(ended > 0);
}

}  // namespace kernels_grammar
