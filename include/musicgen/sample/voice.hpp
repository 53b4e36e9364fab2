// One song being written: what has come so far, and the choice of what comes next.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../core/random.hpp"
#include "../tokens/decoder.hpp"
#include "../tokens/grammar.hpp"
#include "choose.hpp"
#include "habits.hpp"
#include "keep_time.hpp"
#include "note_limit.hpp"
#include "voice_rules.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// How long a song gets.
struct Limit {
  std::int64_t steps = std::numeric_limits<std::int64_t>::max();   ///< time; cut there
  std::int64_t tokens = std::numeric_limits<std::int64_t>::max();  ///< cut there
  bool end_waits = false;                                          ///< `$` may not come before the end of the time
};

/// A copy is a snapshot. Allocates nothing once it exists.
class Voice {
 public:
  /// What every song begins with: `^`, and a prompt if there is one. The bias rules out what comes after it.
  Voice(const VoiceRules& rules, std::span<const Token> given)
      : grammar_(rules.grammar), note_limit_(rules.note_limit), random_(rules.options.seed), habits_(rules.options) {
    for (const Token token : given) follow(token, rules.options.grammar);
    habits_.end_prompt(steps());
    if (rules.options.grammar) grammar_.forbid(rules.forbidden);
  }

  /// The same beginning of song number `song`.
  Voice of_song(const SamplerOptions& options, std::uint64_t song) const {
    Voice voice = *this;
    voice.random_ = Random(options.seed, song);
    voice.habits_.begin_song(options, song);
    return voice;
  }

  /// Chooses the next token and takes it. A gap is cut to end where the limit is.
  /// @param logits  (V) after the last token
  /// @return        `no_token` if the song is over, the bias having no gap short enough to reach the limit
  template <class Scalar>
  Token choose(std::span<const Scalar> logits, VoiceRules& rules, const Limit& limit) {
    const Vocabulary& vocabulary = grammar_.vocabulary();
    const bool with_grammar = rules.options.grammar;
    if (with_grammar) {
      grammar_.allowed(rules.allowed);
      note_limit_.restrict(grammar_, rules.allowed);
    } else {
      std::fill(rules.allowed.begin(), rules.allowed.end(), std::uint8_t{1});
    }
    if (limit.end_waits && steps() < limit.steps) hold_back(vocabulary.end(), rules.allowed);
    const SamplerOptions& o = rules.options;
    const bool velocity_next = last_ != no_token && vocabulary[last_].kind == TokenKind::note_on;
    const float temperature = o.temperature * (velocity_next ? habits_.velocity_temperature() : 1);
    const Choice choice = rules.chooser.choose<Scalar>(
        logits, bias_of(logits, rules), rules.allowed,
        {temperature, o.top_k, o.top_p, o.min_p, o.pitch_temperature, o.pitch_top_p, o.pitch_min_p}, random_);
    const Token token = cut(choice.token, limit.steps - steps(), rules);
    over_ = token == no_token;
    if (over_) return token;
    follow(token, with_grammar);
    const auto logit = [&](Token t) { return static_cast<double>(logits[static_cast<std::size_t>(t)]); };
    log_probability_ = choice.log_probability + (logit(token) - logit(choice.token));
    return token;
  }

  bool at_limit(const Limit& limit) const {
    return over_ || ended() || steps() >= limit.steps || tokens_ >= limit.tokens;
  }
  bool ended() const { return notes_.ended(); }  ///< `$` has come
  std::int64_t steps() const { return notes_.steps(); }
  Token last() const { return last_; }
  double log_probability() const { return log_probability_; }
  /// The note that the last token ended.
  const std::optional<Note>& finished() const { return finished_; }
  const Grammar& grammar() const { return grammar_; }

 private:
  void follow(Token token, bool with_grammar) {
    if (with_grammar) {
      grammar_.advance(token);
      note_limit_.follow(grammar_, grammar_.vocabulary()[token]);
    }
    const TokenEvent meaning = grammar_.vocabulary()[token];
    habits_.follow(meaning, steps());
    finished_ = notes_.push(meaning);
    last_ = token;
    log_probability_ = 0;
    ++tokens_;
  }

  /// (V), what is added to the logits now.
  template <class Scalar>
  std::span<const float> bias_of(std::span<const Scalar> logits, VoiceRules& rules) const {
    rules.steered = rules.bias;
    habits_.add_to(rules.steered, rules, steps());
    if (rules.options.steer) rules.options.steer(rules.steered, grammar_);
    keep_time<Scalar>(rules.times, logits, rules.allowed, rules.options.keep_time, rules.steered);
    return rules.steered;
  }

  /// A time token no longer than `left`: itself, or the longest that the bias does not rule out; `no_token` if there is
  /// none. Any other token as it is.
  static Token cut(Token token, std::int64_t left, const VoiceRules& rules) {
    const TokenEvent m = rules.vocabulary()[token];
    if (m.kind != TokenKind::time || m.value <= left) return token;
    for (int steps = static_cast<int>(left); steps > 0; --steps)
      if (const Token shorter = rules.vocabulary().time(steps); !rules.forbidden[static_cast<std::size_t>(shorter)])
        return shorter;
    return no_token;
  }

  /// Unless it is all that may come.
  static void hold_back(Token token, std::vector<std::uint8_t>& allowed) {
    const auto at = static_cast<std::size_t>(token);
    const std::uint8_t was = std::exchange(allowed[at], std::uint8_t{0});
    if (std::find(allowed.begin(), allowed.end(), 1) == allowed.end()) allowed[at] = was;
  }

  Grammar grammar_;
  NoteLimit note_limit_;
  NoteAssembler notes_;
  Random random_;
  Habits habits_;
  Token last_ = no_token;
  double log_probability_ = 0;
  std::int64_t tokens_ = 0;
  bool over_ = false;
  std::optional<Note> finished_;
};

}  // namespace musicgen::inline MUSICGEN_ABI
