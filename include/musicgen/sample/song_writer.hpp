// One song being written, and the choice of its next token: what Sampler is made of.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../core/random.hpp"
#include "../data/music_profile.hpp"
#include "../tokens/grammar.hpp"
#include "../tokens/song_state.hpp"
#include "logits.hpp"
#include "options.hpp"
#include "plan_guide.hpp"
#include "processor.hpp"
#include "repeat_guide.hpp"
#include "token_sampler.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// How long a song gets.
struct Limit {
  std::int64_t steps = std::numeric_limits<std::int64_t>::max();   ///< time, in steps of 10 ms; cut there
  std::int64_t tokens = std::numeric_limits<std::int64_t>::max();  ///< cut there
  bool end_waits = false;                                          ///< `$` may not come before the end of the time
  /// Seconds, in the language of beats: the last bar that ends by then is the song's last.
  double seconds = std::numeric_limits<double>::infinity();

  /// Whether the song may go on: to the end of its bar or, at a bar line, of the next one; by a step in the first bar,
  /// which is cut.
  [[nodiscard]] bool has_room(const SongState& song) const;
};

/// A copy is a snapshot, together with one of the processors.
struct SongInProgress {
  SongState state{};
  Random random{0};
  Token last = no_token;
  SongStep step{};             ///< what the last token did
  PlanGuide::Start plan{};     ///< from where on the plan holds that is asked for
  RepeatGuide melody{};        ///< what bars that repeat have to repeat
  double log_probability = 0;  ///< of the last token by the model, nats
  bool over = false;           ///< no gap is short enough to reach the limit
  bool irregular = false;      ///< a rule left nothing that the grammar allows, so that a rest came instead

  [[nodiscard]] bool at_limit(const Limit& limit) const {
    return over || state.ended() || state.steps() >= limit.steps || state.position() >= limit.tokens ||
           !limit.has_room(state);
  }
};

/// Whatever is needed to choose tokens, apart from the songs and the processors. Allocates when it is made. A thread at
/// a time.
class SongWriter {
 public:
  /// @param chain    processors whose settings are to be checked
  /// @param profile  of the music that the model learned from: new notes are on tracks that it had
  /// @throws Error   for options out of range, rules that leave no note to play, or a plan that cannot be
  SongWriter(const Vocabulary& vocabulary, bool canonical, const SamplerOptions& options, const AnyProcessor& chain,
             const MusicProfile& profile = {});

  [[nodiscard]] const Vocabulary& vocabulary() const { return grammar_.vocabulary(); }
  [[nodiscard]] const GrammarRules& grammar() const { return grammar_; }
  [[nodiscard]] const PlanGuide& guide() const { return guide_; }

  /// Song number `number` from its beginning, after what is given.
  void begin(SongInProgress& song, AnyProcessor& chain, std::uint64_t number, std::span<const Token> given) const;

  /// Chooses the next token and takes it. A gap is cut to end where the limit is. Allocates nothing.
  /// @param logits  (V) after the last token
  /// @return        `no_token` if the song is over, no gap being short enough to reach the limit
  /// @throws Error  for logits that are not finite; then nothing has changed
  template <class Scalar>
  Token choose(std::span<const Scalar> logits, SongInProgress& song, AnyProcessor& chain, const Limit& limit) {
    for (std::size_t v = 0; v < logits.size(); ++v) logits_[v] = static_cast<double>(logits[v]);
    return choose(song, chain, limit);
  }

  SamplerOptions options;

 private:
  Token choose(SongInProgress& song, AnyProcessor& chain, const Limit& limit);
  void update_forbidden(const AnyProcessor& chain, const SongState& song);
  void require_notes();
  void mask(const SongInProgress& song, const Limit& limit);
  void rest_instead(SongInProgress& song);
  void bring_back(Token token);
  bool bring_back_plan(const SongState& song);
  Token cut(Token token, const SongState& song, const Limit& limit) const;

  GrammarRules grammar_;
  PlanGuide guide_;
  TokenSampler sampler_;
  int transposition_ = 0;                             // of the song that the grammar knows what is forbidden in
  std::vector<std::uint8_t> unknown_;                 // (V) on tracks that the model does not know
  std::vector<std::uint8_t> forbidden_, wanted_not_;  // (V) whatever the song; as it is now, and by the chain
  std::vector<std::uint8_t> allowed_;                 // (V) by the grammar and the limit
  std::vector<double> logits_, values_;               // (V) the model's, and what becomes of them
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "song_writer.ipp"
#endif
