// One song being written: what has come so far, and the choice of what comes next.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "../core/random.hpp"
#include "../tokens/decoder.hpp"
#include "../tokens/grammar.hpp"
#include "bias.hpp"
#include "choose.hpp"

namespace musicgen {

struct SamplerOptions {
  float temperature = 1;  ///< 0: always the most probable token
  int top_k = 0;          ///< 0: all
  float top_p = 1;        ///< 1: all
  float min_p = 0;        ///< 0: all
  std::uint64_t seed = 1;
  bool grammar = true;  ///< only tokens that the grammar allows
  Bias bias = {};       ///< (V) or empty; see bias.hpp
  /// Called at each step to add to the bias (V, at first `bias`, or zeros), knowing what has come so far.
  std::function<void(std::span<float> bias, const Grammar& so_far)> steer = {};
  int attention_window = 2048;  ///< earlier tokens that attention sees; memory and time of a step grow with it
};

/// What the voices of a sampler share: the rules, and memory to work in.
class VoiceRules {
 public:
  /// @throws Error  for options out of range, or a bias of another size or one that leaves nothing to say
  VoiceRules(const Vocabulary& vocabulary, bool canonical, const SamplerOptions& options)
      : options(options),
        chooser(vocabulary.size()),
        allowed(static_cast<std::size_t>(vocabulary.size())),
        bias(allowed.size()),
        steered(allowed.size()),
        forbidden_(allowed.size()),
        start(vocabulary, {.canonical = canonical}) {
    require(options.temperature >= 0 && std::isfinite(options.temperature), "temperature", "at least 0");
    require(options.top_k >= 0, "top_k", "at least 0");
    require(options.top_p > 0 && options.top_p <= 1, "top_p", "over 0 and at most 1");
    require(options.min_p >= 0 && options.min_p <= 1, "min_p", "in 0..1");
    require(options.attention_window >= 1, "attention_window", "at least 1");
    require(options.bias.empty() || options.bias.size() == allowed.size(), "bias", "of one entry a token");
    for (std::size_t v = 0; v < options.bias.size(); ++v) {
      forbidden_[v] = options.grammar && options.bias[v] == never;
      bias[v] = forbidden_[v] ? 0 : options.bias[v];  // the grammar knows how to do without a token
    }
    if (options.grammar) start.forbid(forbidden_);
  }

  SamplerOptions options;
  Chooser chooser;
  std::vector<std::uint8_t> allowed;  // (V)
  std::vector<float> bias, steered;   // (V)

 private:
  static void require(bool holds, const char* option, const char* what) {
    if (!holds) throw Error(std::string("sampler: ") + option + " has to be " + what);
  }

  std::vector<std::uint8_t> forbidden_;

 public:
  Grammar start;  // before `^`
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
  Voice(const VoiceRules& rules, std::uint64_t song) : grammar_(rules.start), random_(rules.options.seed, song) {}

  /// Takes a token that is given: `^`, a prompt's.
  void follow(Token token, bool with_grammar) {
    if (with_grammar) grammar_.advance(token);
    finished_ = notes_.push(grammar_.vocabulary()[token]);
    last_ = token;
    log_probability_ = 0;
    ++tokens_;
  }

  /// Chooses the next token and takes it. A gap is cut to end where the limit is.
  /// @param logits  (V) after the last token
  template <class Scalar>
  Token choose(std::span<const Scalar> logits, VoiceRules& rules, const Limit& limit) {
    const Vocabulary& vocabulary = grammar_.vocabulary();
    const bool with_grammar = rules.options.grammar;
    if (with_grammar)
      grammar_.allowed(rules.allowed);
    else
      std::fill(rules.allowed.begin(), rules.allowed.end(), std::uint8_t{1});
    if (limit.end_waits && steps() < limit.steps) hold_back(vocabulary.end(), rules.allowed);
    if (rules.options.steer) {
      rules.steered = rules.bias;
      rules.options.steer(rules.steered, grammar_);
    }
    const SamplerOptions& o = rules.options;
    const Choice choice = rules.chooser.choose<Scalar>(logits, o.steer ? rules.steered : rules.bias, rules.allowed,
                                                       {o.temperature, o.top_k, o.top_p, o.min_p}, random_);
    Token token = choice.token;
    if (const Meaning m = vocabulary[token]; m.kind == TokenKind::time && m.value > limit.steps - steps())
      token = vocabulary.time(static_cast<int>(std::max<std::int64_t>(1, limit.steps - steps())));
    follow(token, with_grammar);
    log_probability_ = choice.log_probability;
    return token;
  }

  bool at_limit(const Limit& limit) const { return ended() || steps() >= limit.steps || tokens_ >= limit.tokens; }
  bool ended() const { return notes_.ended(); }  ///< `$` has come
  std::int64_t steps() const { return notes_.steps(); }
  Token last() const { return last_; }
  double log_probability() const { return log_probability_; }
  /// The note that the last token ended.
  const std::optional<Note>& finished() const { return finished_; }
  const Grammar& grammar() const { return grammar_; }

 private:
  /// Unless it is all that may come.
  static void hold_back(Token token, std::vector<std::uint8_t>& allowed) {
    const auto at = static_cast<std::size_t>(token);
    const std::uint8_t was = std::exchange(allowed[at], std::uint8_t{0});
    if (std::find(allowed.begin(), allowed.end(), 1) == allowed.end()) allowed[at] = was;
  }

  Grammar grammar_;
  NoteAssembler notes_;
  Random random_;
  Token last_ = no_token;
  double log_probability_ = 0;
  std::int64_t tokens_ = 0;
  std::optional<Note> finished_;
};

}  // namespace musicgen
