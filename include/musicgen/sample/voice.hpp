// One song being written: what has come so far, and the choice of what comes next.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "../core/random.hpp"
#include "../tokens/decoder.hpp"
#include "../tokens/grammar.hpp"
#include "bias.hpp"
#include "choose.hpp"
#include "key_memory.hpp"
#include "note_limit.hpp"
#include "options.hpp"

namespace musicgen {

/// In ascending order.
inline std::vector<std::uint32_t> tokens_of(const Vocabulary& vocabulary, TokenKind kind) {
  std::vector<std::uint32_t> tokens;
  for (Token t = 0; t < vocabulary.size(); ++t)
    if (vocabulary[t].kind == kind) tokens.push_back(static_cast<std::uint32_t>(t));
  return tokens;
}

/// What the voices of a sampler share: the rules, and memory to work in.
class VoiceRules {
 public:
  /// @param tracks          how many the model knows; the grammar rules out notes on others
  /// @param longest_note    of the music that the model learned from, in steps; 0: not known
  /// @param usual_length    likewise
  /// @param usual_velocity  likewise
  /// @throws Error  for options out of range, or a bias of another size or one that leaves no note to play
  VoiceRules(const Vocabulary& vocabulary, bool canonical, const SamplerOptions& options, int tracks = track_count,
             std::int64_t longest_note = 0, std::int64_t usual_length = 0, int usual_velocity = 0)
      : options(options),
        chooser(vocabulary.size(), tokens_of(vocabulary, TokenKind::note_on)),
        times(tokens_of(vocabulary, TokenKind::time)),
        calm_bias(longer_steps(vocabulary)),
        allowed(static_cast<std::size_t>(vocabulary.size())),
        bias(allowed.size()),
        steered(allowed.size()),
        forbidden(allowed.size()),
        grammar(vocabulary, {.canonical = canonical}),
        note_limit(options.longest_note > 0 ? std::llround(options.longest_note / step_seconds)
                   : longest_note > 0       ? std::max<std::int64_t>(longest_note, max_time_steps)
                                            : 0),
        ending_after(options.ending_after > 0 ? options.ending_after
                     : usual_length > 0       ? static_cast<double>(usual_length) * step_seconds
                                              : std::numeric_limits<double>::infinity()) {
    require_in_range(options);
    detail::require_option(options.bias.empty() || options.bias.size() == allowed.size(), "bias",
                           "of one entry a token");
    for (std::size_t v = 0; v < options.bias.size(); ++v) {
      detail::require_option(!std::isnan(options.bias[v]), "bias", "of numbers");
      forbidden[v] = options.bias[v] == never;
      bias[v] = options.grammar && forbidden[v] ? 0 : options.bias[v];  // the grammar knows how to do without a token
    }
    if (usual_velocity > 0) bias = combined(bias, usual_loudness(vocabulary, usual_velocity, options.keep_loudness));
    for (Token t = 0; t < vocabulary.size(); ++t)
      if (vocabulary[t].kind == TokenKind::track && vocabulary[t].value >= tracks)
        forbidden[static_cast<std::size_t>(t)] = 1;
    require_notes();
  }

  const Vocabulary& vocabulary() const { return grammar.vocabulary(); }

  SamplerOptions options;
  Chooser chooser;
  std::vector<std::uint32_t> times;     // tokens, in ascending order
  Bias calm_bias;                       // what a calm of 1 adds
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
      : grammar_(rules.grammar), note_limit_(rules.note_limit), random_(rules.options.seed), traits_(rules.options) {
    for (const Token token : given) follow(token, rules.options.grammar);
    given_steps_ = steps();
    if (rules.options.grammar) grammar_.forbid(rules.forbidden);
  }

  /// The same beginning of song number `song`.
  Voice of_song(const SamplerOptions& options, std::uint64_t song) const {
    Voice voice = *this;
    voice.random_ = Random(options.seed, song);
    voice.traits_ = Traits(options, song);
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
    const float temperature = o.temperature * (velocity_next ? traits_.velocity_temperature : 1);
    const Choice choice = rules.chooser.choose<Scalar>(
        logits, bias_of(rules), rules.allowed,
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
    const Meaning meaning = grammar_.vocabulary()[token];
    if (meaning.kind == TokenKind::note_on) {
      key_.follow(meaning.value);
      last_onset_ = steps();
    }
    finished_ = notes_.push(meaning);
    last_ = token;
    log_probability_ = 0;
    ++tokens_;
  }

  /// (V), what is added to the logits now.
  std::span<const float> bias_of(VoiceRules& rules) const {
    std::vector<float>& bias = rules.steered;
    bias = rules.bias;
    if (traits_.calm != 0)
      for (std::size_t v = 0; v < bias.size(); ++v) bias[v] += traits_.calm * rules.calm_bias[v];
    if (traits_.keep_key > 0) keep_key(rules, bias);
    if (rules.options.keep_together > 0 && last_onset_) keep_together(rules, bias);
    if (rules.options.longest_rest > 0) end_rest(rules, bias);
    if (std::isfinite(rules.ending_after)) {
      const double early = std::min(0.0, seconds_since(0) - std::min(rules.ending_after / 4, 30.0));
      const double late = std::max(0.0, seconds_since(given_steps_) - rules.ending_after);
      bias[static_cast<std::size_t>(rules.vocabulary().end())] += static_cast<float>((early + late) / 5);
    }
    if (rules.options.steer) rules.options.steer(bias, grammar_);
    return bias;
  }

  void keep_key(const VoiceRules& rules, std::vector<float>& bias) const {
    const std::array<float, 12> of_class = key_.bias(traits_.keep_key);
    for (const std::uint32_t v : rules.chooser.pitches())
      bias[v] += of_class[static_cast<std::size_t>(rules.vocabulary()[static_cast<Token>(v)].value % 12)];
  }

  /// Time steps that lead to just after a note lead to another one in about half of the cases, else to the end of one.
  /// Left as likely as they are they would end notes too early instead.
  void keep_together(const VoiceRules& rules, std::vector<float>& bias) const {
    constexpr std::int64_t apart = 8;  // steps
    const std::int64_t since = steps() - *last_onset_;
    if (since > apart) return;
    const float strength = rules.options.keep_together;
    if (since > 0)
      for (const std::uint32_t v : rules.chooser.pitches()) bias[v] -= strength;
    const float step = std::log((1 + std::exp(-strength)) / 2);
    for (const std::uint32_t v : rules.times)
      if (since + rules.vocabulary()[static_cast<Token>(v)].value <= apart) bias[v] += step;
  }

  void end_rest(const VoiceRules& rules, std::vector<float>& bias) const {
    const double overdue = seconds_since(last_onset_.value_or(0)) - rules.options.longest_rest;
    if (overdue <= 0) return;
    for (const std::uint32_t v : rules.times) bias[v] -= static_cast<float>(overdue);
  }

  double seconds_since(std::int64_t step) const { return static_cast<double>(steps() - step) * step_seconds; }

  /// A time token no longer than `left`: itself, or the longest that the bias does not rule out; `no_token` if there is
  /// none. Any other token as it is.
  static Token cut(Token token, std::int64_t left, const VoiceRules& rules) {
    const Meaning m = rules.vocabulary()[token];
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
  KeyMemory key_;
  Random random_;
  Traits traits_;
  Token last_ = no_token;
  double log_probability_ = 0;
  std::int64_t tokens_ = 0, given_steps_ = 0;
  std::optional<std::int64_t> last_onset_;
  bool over_ = false;
  std::optional<Note> finished_;
};

}  // namespace musicgen
