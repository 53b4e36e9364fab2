// A song being written, and the choice of its next token: the core of Sampler.
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

/// The limits of a song's length.
struct Limit {
  std::int64_t steps = std::numeric_limits<std::int64_t>::max();   ///< time, in steps of 10 ms; cut there
  std::int64_t tokens = std::numeric_limits<std::int64_t>::max();  ///< cut there
  bool end_waits = false;                                          ///< `$` may not come before the time is up
  /// In seconds, for the language of beats: the last bar that ends by then is the song's last.
  double seconds = std::numeric_limits<double>::infinity();

  /// Whether there is time left for the rest of the bar or, at a bar line, for the next bar; in the first bar, which
  /// may be cut, for a single step.
  [[nodiscard]] bool has_room(const SongState& song) const;
};

/// A copy, together with a copy of the processors, is a snapshot.
struct SongInProgress {
  SongState state{};
  Random random{0};
  Token last = no_token;
  SongStep step{};             ///< what the last token did
  PlanGuide::Start plan{};     ///< where the requested plan begins
  RepeatGuide melody{};        ///< the melody so far, for bars that repeat
  double log_probability = 0;  ///< the model's, of the last token; in nats
  bool over = false;           ///< no gap is short enough for the time left, or the plan has ended in silence
  bool irregular = false;      ///< the rules left nothing that the grammar allows, and a rest came instead

  [[nodiscard]] bool at_limit(const Limit& limit) const {
    return over || state.ended() || state.steps() >= limit.steps || state.position() >= limit.tokens ||
           !limit.has_room(state);
  }
};

/// Everything needed to choose tokens, except the songs and the processors. Allocates when constructed. For one thread
/// at a time.
class SongWriter {
 public:
  /// @param chain    processors, whose settings are checked
  /// @param profile  of the training music: new notes are only on tracks that it had
  /// @throws Error   for options out of range, rules that leave no note to play, or an impossible plan
  SongWriter(const Vocabulary& vocabulary, bool canonical, const SamplerOptions& options, const AnyProcessor& chain,
             const MusicProfile& profile = {});

  [[nodiscard]] const Vocabulary& vocabulary() const { return grammar_.vocabulary(); }
  [[nodiscard]] const GrammarRules& grammar() const { return grammar_; }
  [[nodiscard]] const PlanGuide& guide() const { return guide_; }

  /// Begins song number `number` with the given tokens.
  void begin(SongInProgress& song, AnyProcessor& chain, std::uint64_t number, std::span<const Token> given) const;

  /// Chooses the next token and appends it to the song. A gap is cut at the limit. Allocates nothing.
  /// @param logits  (V) after the last token
  /// @return        `no_token` if the song is over: no gap is short enough for the time left, or the plan has ended
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
  void apply(SongInProgress& song, AnyProcessor& chain);
  void rest_instead(SongInProgress& song);
  [[nodiscard]] bool plan_is_over(const SongState& song) const;
  void bring_back(Token token);
  bool bring_back_plan(const SongState& song);
  Token cut(Token token, const SongState& song, const Limit& limit) const;

  GrammarRules grammar_;
  PlanGuide guide_;
  TokenSampler sampler_;
  int transposition_ = 0;                             // of the song that update_forbidden() last saw
  std::vector<std::uint8_t> unknown_;                 // (V) tracks that the model does not know
  std::vector<std::uint8_t> forbidden_, wanted_not_;  // (V) what the grammar was told; what it is told next
  std::vector<std::uint8_t> allowed_;                 // (V) by the grammar, the plan and the limit
  std::vector<std::uint8_t> unguided_;                // (V) the same, whatever the bar repeats
  std::vector<double> logits_, values_;               // (V) the model's; the processors' result
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "song_writer.ipp"
#endif
