// What a song keeps to: a bias that follows from what has come so far, and from the song's own traits. What stays the
// same for all songs is in bias.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "../core/config.hpp"
#include "../tokens/vocabulary.hpp"
#include "key_memory.hpp"
#include "options.hpp"
#include "voice_rules.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Follows a song. A copy is a snapshot; nothing allocates.
class Habits {
 public:
  explicit Habits(const SamplerOptions& options) : traits_(options) {}

  void begin_song(const SamplerOptions& options, std::uint64_t song) { traits_ = Traits(options, song); }

  /// @param steps  of time before the token
  void follow(const TokenEvent& token, std::int64_t steps) {
    if (token.kind != TokenKind::note_on) return;
    key_.follow(token.value);
    chord_ = last_onset_ == steps ? chord_ + 1 : 1;
    last_onset_ = steps;
  }

  /// What has come until now was given.
  void end_prompt(std::int64_t steps) { given_steps_ = steps; }

  float velocity_temperature() const { return traits_.velocity_temperature; }

  /// @param bias   (V)
  /// @param steps  of time so far
  void add_to(std::vector<float>& bias, const VoiceRules& rules, std::int64_t steps) const {
    const SamplerOptions& o = rules.options;
    if (traits_.calm != 0)
      for (const std::uint32_t v : rules.times) bias[v] += traits_.calm * rules.longer[v];
    if (traits_.keep_key > 0) keep_key(bias, rules);
    if (last_onset_ == steps && chord_ > 1) add(bias, rules.chooser.pitches(), -o.thin_chords);
    if (o.keep_together > 0 && last_onset_) keep_together(bias, rules, steps - *last_onset_);
    if (o.longest_rest > 0) end_rest(bias, rules, seconds(steps - last_onset_.value_or(0)) - o.longest_rest);
    if (std::isfinite(rules.ending_after)) end_in_time(bias, rules, steps);
  }

 private:
  static double seconds(std::int64_t steps) { return static_cast<double>(steps) * step_seconds; }

  static void add(std::vector<float>& bias, const std::vector<std::uint32_t>& tokens, float amount) {
    for (const std::uint32_t v : tokens) bias[v] += amount;
  }

  void keep_key(std::vector<float>& bias, const VoiceRules& rules) const {
    const std::array<float, 12> of_class = key_.bias(traits_.keep_key);
    for (const std::uint32_t v : rules.chooser.pitches())
      bias[v] += of_class[static_cast<std::size_t>(rules.vocabulary()[static_cast<Token>(v)].value % 12)];
  }

  /// Time steps that lead to just after a note lead to another one in about half of the cases, else to the end of one.
  /// Left as likely as they are they would end notes too early instead.
  /// @param since  the last onset, steps
  static void keep_together(std::vector<float>& bias, const VoiceRules& rules, std::int64_t since) {
    constexpr std::int64_t apart = 8;  // steps
    if (since > apart) return;
    const float strength = rules.options.keep_together;
    if (since > 0) add(bias, rules.chooser.pitches(), -strength);
    const float step = std::log((1 + std::exp(-strength)) / 2);
    for (const std::uint32_t v : rules.times)
      if (since + rules.vocabulary()[static_cast<Token>(v)].value <= apart) bias[v] += step;
  }

  /// @param overdue  seconds; under 0: not yet
  static void end_rest(std::vector<float>& bias, const VoiceRules& rules, double overdue) {
    if (overdue > 0) add(bias, rules.times, -static_cast<float>(overdue));
  }

  void end_in_time(std::vector<float>& bias, const VoiceRules& rules, std::int64_t steps) const {
    const double early = std::min(0.0, seconds(steps) - std::min(rules.ending_after / 4, 30.0));
    const double late = std::max(0.0, seconds(steps - given_steps_) - rules.ending_after);
    bias[static_cast<std::size_t>(rules.vocabulary().end())] += static_cast<float>((early + late) / 5);
  }

  Traits traits_;
  KeyMemory key_;
  std::optional<std::int64_t> last_onset_;  // steps
  int chord_ = 0;                           // notes that began then
  std::int64_t given_steps_ = 0;
};

}  // namespace musicgen::inline MUSICGEN_ABI
