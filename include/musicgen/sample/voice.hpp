// One song being written: what has come so far, and the choice of what comes next.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../backend/backend.hpp"
#include "../core/error.hpp"
#include "../core/random.hpp"
#include "../tokens/decoder.hpp"
#include "../tokens/grammar.hpp"
#include "bias.hpp"
#include "choose.hpp"
#include "key_memory.hpp"
#include "note_limit.hpp"

namespace musicgen {

struct SamplerOptions {
  float temperature = 1;           ///< 0: always the most probable token
  int top_k = 0;                   ///< 0: all
  float top_p = 1;                 ///< 1: all
  float min_p = 0;                 ///< 0: all
  float pitch_temperature = 1;     ///< of the choice among note-ons alone, before the others; see choose.hpp
  float pitch_top_p = 1;           ///< likewise
  float pitch_min_p = 0;           ///< likewise
  float velocity_temperature = 1;  ///< what temperature is multiplied by where a note's velocity is chosen; over 0
  float calm = 0;  ///< a time step of s seconds is (s / 0.15)^calm times as likely: over 0 fewer notes, under 0 more
  float keep_key = 0;  ///< how much a song stays in its key: a pitch class with less than half of an equal share of the
                       ///< recent notes is less likely, by that ratio to this power; see key_memory.hpp
  float keep_loudness = 0;  ///< a velocity that is d away from the usual one of the music that the model learned from
                            ///< is e^(-keep_loudness (d / 20)^2) times as likely, before temperatures; no effect where
                            ///< the model does not know it (ModelConfig::usual_velocity)
  float variety = 0;  ///< standard deviation of what each song adds to its calm, and to the logarithm of its pitch
                      ///< temperature, so that songs differ as real ones do
  std::uint64_t seed = 1;
  bool grammar = true;      ///< only tokens that the grammar allows
  double longest_note = 0;  ///< seconds, under the grammar; 0: as in the music that the model learned from
  double ending_after = 0;  ///< seconds, not counting a prompt, from which on `$` is e times more likely every five;
                            ///< 0: the usual length of the music that the model learned from
  Bias bias = {};           ///< (V) or empty; see bias.hpp
  /// Called at each step to add to the bias (V; at first `bias`, or zeros, and what calm, key, loudness and, late in a
  /// song, its end add), knowing what has come so far (without the grammar: nothing).
  std::function<void(std::span<float> bias, const Grammar& so_far)> steer = {};
  int attention_window = 2048;  ///< earlier tokens that attention sees; memory and time of a step grow with it
  Precision precision = Precision::fp32;  ///< of the weights; fewer bytes are faster
};

namespace presets {
/// A choice among some ten settings, by how close songs of the model that comes along are to real ones
/// (docs/results.md). For other models and music it is a guess.
inline SamplerOptions lifelike() {
  return {.pitch_temperature = 1.05f,
          .pitch_min_p = 0.065f,
          .velocity_temperature = 0.93f,
          .calm = 0.2f,
          .keep_key = 0.3f,
          .keep_loudness = 0.1f,
          .variety = 0.1f};
}
}  // namespace presets

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
    require(options.temperature >= 0 && std::isfinite(options.temperature), "temperature", "at least 0");
    require(options.top_k >= 0, "top_k", "at least 0");
    require(options.top_p > 0 && options.top_p <= 1, "top_p", "over 0 and at most 1");
    require(options.min_p >= 0 && options.min_p <= 1, "min_p", "in 0..1");
    require(options.pitch_temperature > 0 && std::isfinite(options.pitch_temperature), "pitch_temperature", "over 0");
    require(options.pitch_top_p > 0 && options.pitch_top_p <= 1, "pitch_top_p", "over 0 and at most 1");
    require(options.pitch_min_p >= 0 && options.pitch_min_p <= 1, "pitch_min_p", "in 0..1");
    require(options.velocity_temperature > 0 && std::isfinite(options.temperature * options.velocity_temperature),
            "velocity_temperature", "over 0, and finite times the temperature");
    require(std::abs(options.calm) <= 10, "calm", "in -10..10");
    require(options.keep_key >= 0 && options.keep_key <= 10, "keep_key", "in 0..10");
    require(options.keep_loudness >= 0 && options.keep_loudness <= 10, "keep_loudness", "in 0..10");
    require(options.variety >= 0 && options.variety <= 10, "variety", "in 0..10");
    require(options.attention_window >= 1, "attention_window", "at least 1");
    require(options.longest_note == 0 || (options.longest_note >= 1 && options.longest_note < 1e9), "longest_note",
            "at least a second");
    require(options.ending_after >= 0, "ending_after", "at least 0");
    require(options.bias.empty() || options.bias.size() == allowed.size(), "bias", "of one entry a token");
    for (std::size_t v = 0; v < options.bias.size(); ++v) {
      require(!std::isnan(options.bias[v]), "bias", "of numbers");
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
  Bias calm_bias;                       // what a calm of 1 adds
  std::vector<std::uint8_t> allowed;    // (V)
  std::vector<float> bias, steered;     // (V)
  std::vector<std::uint8_t> forbidden;  // (V) by the bias, or since the model knows no such track
  Grammar grammar;                      // before `^`, nothing forbidden
  NoteLimit note_limit;                 // likewise
  double ending_after;                  // seconds

 private:
  static void require(bool holds, const char* option, const char* what) {
    if (!holds) throw Error(std::string("sampler: ") + option + " has to be " + what);
  }

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
      : grammar_(rules.grammar),
        note_limit_(rules.note_limit),
        random_(rules.options.seed),
        calm_(rules.options.calm),
        pitch_temperature_(rules.options.pitch_temperature) {
    for (const Token token : given) follow(token, rules.options.grammar);
    given_steps_ = steps();
    if (rules.options.grammar) grammar_.forbid(rules.forbidden);
  }

  /// The same beginning of song number `song`.
  Voice of_song(const SamplerOptions& options, std::uint64_t song) const {
    Voice voice = *this;
    voice.random_ = Random(options.seed, song);
    Random traits(options.seed, ~song);
    voice.calm_ += options.variety * static_cast<float>(traits.normal());
    voice.pitch_temperature_ =
        std::clamp(voice.pitch_temperature_ * std::exp(options.variety * static_cast<float>(traits.normal())),
                   std::numeric_limits<float>::min(), std::numeric_limits<float>::max());
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
    const float temperature = o.temperature * (velocity_next ? o.velocity_temperature : 1);
    const Choice choice = rules.chooser.choose<Scalar>(
        logits, bias_of(rules), rules.allowed,
        {temperature, o.top_k, o.top_p, o.min_p, pitch_temperature_, o.pitch_top_p, o.pitch_min_p}, random_);
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
    if (meaning.kind == TokenKind::note_on) key_.follow(meaning.value);
    finished_ = notes_.push(meaning);
    last_ = token;
    log_probability_ = 0;
    ++tokens_;
  }

  /// (V), what is added to the logits now.
  std::span<const float> bias_of(VoiceRules& rules) const {
    const SamplerOptions& o = rules.options;
    const double late = static_cast<double>(steps() - given_steps_) * step_seconds - rules.ending_after;
    if (late <= 0 && calm_ == 0 && o.keep_key == 0 && !o.steer) return rules.bias;
    const Vocabulary& vocabulary = rules.vocabulary();
    std::vector<float>& bias = rules.steered;
    bias = rules.bias;
    if (calm_ != 0)
      for (std::size_t v = 0; v < bias.size(); ++v) bias[v] += calm_ * rules.calm_bias[v];
    if (o.keep_key > 0) {
      const std::array<float, 12> of_class = key_.bias(o.keep_key);
      for (const std::uint32_t v : rules.chooser.pitches())
        bias[v] += of_class[static_cast<std::size_t>(vocabulary[static_cast<Token>(v)].value % 12)];
    }
    if (late > 0) bias[static_cast<std::size_t>(vocabulary.end())] += static_cast<float>(late / 5);
    if (o.steer) o.steer(bias, grammar_);
    return bias;
  }

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
  float calm_, pitch_temperature_;
  Token last_ = no_token;
  double log_probability_ = 0;
  std::int64_t tokens_ = 0, given_steps_ = 0;
  bool over_ = false;
  std::optional<Note> finished_;
};

}  // namespace musicgen
