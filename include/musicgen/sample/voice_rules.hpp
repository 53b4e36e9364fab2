// What the voices of a sampler have in common.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../data/music_profile.hpp"
#include "../tokens/grammar.hpp"
#include "../tokens/vocabulary.hpp"
#include "bias.hpp"
#include "choose.hpp"
#include "note_limit.hpp"
#include "options.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// In ascending order.
inline std::vector<std::uint32_t> tokens_of(const Vocabulary& vocabulary, TokenKind kind) {
  std::vector<std::uint32_t> tokens;
  for (Token t = 0; t < vocabulary.size(); ++t)
    if (vocabulary[t].kind == kind) tokens.push_back(static_cast<std::uint32_t>(t));
  return tokens;
}

/// The tokens of 1, 2, ..., 100 steps.
inline std::vector<std::uint32_t> times_of(const Vocabulary& vocabulary) {
  std::vector<std::uint32_t> tokens;
  for (int steps = 1; steps <= max_time_steps; ++steps)
    tokens.push_back(static_cast<std::uint32_t>(vocabulary.time(steps)));
  return tokens;
}

/// What the voices of a sampler share: the rules, and memory to work in.
class VoiceRules {
 public:
  /// @param profile  of the music that the model learned from; the grammar rules out notes on other tracks
  /// @throws Error  for options out of range, or a bias of another size or one that leaves no note to play
  VoiceRules(const Vocabulary& vocabulary, bool canonical, const SamplerOptions& options,
             const MusicProfile& profile = {})
      : options(options),
        chooser(vocabulary.size(), tokens_of(vocabulary, TokenKind::note_on)),
        times(times_of(vocabulary)),
        longer(longer_steps(vocabulary)),
        allowed(static_cast<std::size_t>(vocabulary.size())),
        bias(allowed.size()),
        steered(allowed.size()),
        forbidden(allowed.size()),
        grammar(vocabulary, {.canonical = canonical}),
        note_limit(options.longest_note > 0 ? std::llround(options.longest_note / step_seconds)
                   : profile.max_note_length
                       ? std::max<std::int64_t>(profile.max_note_length->count() / 10, max_time_steps)
                       : 0),
        ending_after(options.ending_after > 0 ? options.ending_after
                     : profile.usual_length   ? static_cast<double>(profile.usual_length->count() / 10) * step_seconds
                                              : std::numeric_limits<double>::infinity()) {
    require_in_range(options);
    detail::require_option(options.bias.empty() || options.bias.size() == allowed.size(), "bias",
                           "of one entry a token");
    for (std::size_t v = 0; v < options.bias.size(); ++v) {
      detail::require_option(!std::isnan(options.bias[v]), "bias", "of numbers");
      forbidden[v] = options.bias[v] == never;
      bias[v] = options.grammar && forbidden[v] ? 0 : options.bias[v];  // the grammar knows how to do without a token
    }
    if (profile.usual_velocity)
      bias = combined(bias, usual_loudness(vocabulary, *profile.usual_velocity, options.keep_loudness));
    const int tracks = profile.programs.empty() ? track_count : static_cast<int>(profile.programs.size());
    for (Token t = 0; t < vocabulary.size(); ++t)
      if (vocabulary[t].kind == TokenKind::track && vocabulary[t].value >= tracks)
        forbidden[static_cast<std::size_t>(t)] = 1;
    require_notes();
  }

  const Vocabulary& vocabulary() const { return grammar.vocabulary(); }

  SamplerOptions options;
  Chooser chooser;
  std::vector<std::uint32_t> times;     // the tokens of 1, 2, ..., 100 steps
  Bias longer;                          // what a calm of 1 adds
  std::vector<std::uint8_t> allowed;    // (V)
  std::vector<float> bias, steered;     // (V)
  std::vector<std::uint8_t> forbidden;  // (V) by the bias, or since the model knows no such track
  Grammar grammar;                      // before `^`, nothing forbidden
  NoteLimit note_limit;                 // likewise
  double ending_after;                  // seconds

 private:
  /// Who listens to a stream without notes waits for ever.
  void require_notes() {
    try {
      Grammar song = grammar;
      song.forbid(forbidden);
      song.advance(vocabulary().start());
      song.allowed(allowed);
    } catch (const Error& error) {
      throw Error(std::string("sampler: bias: ") + error.what());
    }
    for (Token t = 0; t < vocabulary().size(); ++t)
      if (vocabulary()[t].kind == TokenKind::note_on && allowed[static_cast<std::size_t>(t)]) return;
    throw Error("sampler: the bias leaves no note to play on a track that the model knows");
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI
