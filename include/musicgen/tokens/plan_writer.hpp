// Writes a plan's tokens between those of notes (internal).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "plan.hpp"
#include "song_state.hpp"
#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Where bars begin, and what the plan says there.
class PlanWriter {
 public:
  /// @param last_step  of the last note's end
  PlanWriter(const Plan& plan, const Vocabulary& vocabulary, std::int32_t last_step)
      : plan_(plan), vocabulary_(vocabulary), form_(fitted(plan, last_step)), moved_(-transposition_of(plan.key)) {}

  /// The next step at which something has to be written.
  [[nodiscard]] std::int32_t next() const {
    return chord_ < plan_.chords.size() ? std::min(bar_start_, plan_.chords[chord_].step) : bar_start_;
  }

  /// What has to be written at next().
  void write(std::vector<Token>& tokens) {
    const std::int32_t now = next();
    const auto put = [&](TokenKind kind, int value) {
      if (const Token token = vocabulary_.find(kind, value); token != no_token) tokens.push_back(token);
    };
    bool phrase_begins = false;
    if (now == bar_start_) {
      put(TokenKind::bar, 0);
      if (bar_ == 0 && plan_.key >= 0) put(TokenKind::key, plan_.key);
      for (; tempo_ < plan_.tempos.size() && plan_.tempos[tempo_].bar <= bar_; ++tempo_) {
        put(TokenKind::tempo, plan_.tempos[tempo_].quarters / 4);
        put(TokenKind::fine_tempo, plan_.tempos[tempo_].quarters % 4);
      }
      for (; meter_change_ < plan_.meters.size() && plan_.meters[meter_change_].bar <= bar_; ++meter_change_) {
        meter_ = plan_.meters[meter_change_].meter;
        put(TokenKind::meter, meter_);
      }
      phrase_begins = bar_ == phrase_start_ && phrase_ < form_.size();
      if (phrase_begins) {
        put(TokenKind::phrase, form_[phrase_].letter);
        put(TokenKind::phrase_bars, form_[phrase_].bars);
        phrase_start_ += form_[phrase_++].bars;
      }
      ++bar_;
      bar_start_ += bar_steps(meters[static_cast<std::size_t>(meter_)]);
    }
    const int before = in_force_;
    for (; chord_ < plan_.chords.size() && plan_.chords[chord_].step <= now; ++chord_)
      in_force_ = plan_.chords[chord_].chord;
    const bool over = phrase_ == form_.size() && !form_.empty() && bar_ > phrase_start_;
    if (in_force_ >= 0 && !over && (in_force_ != before || phrase_begins))
      put(TokenKind::chord, transposed_chord(in_force_, moved_));
  }

 private:
  /// The phrases, so that they end with the bar in which the music does.
  static std::vector<Plan::Phrase> fitted(const Plan& plan, std::int32_t last_step) {
    if (plan.form.empty()) return {};
    int bars = 0, meter = common_time;
    std::size_t change = 0;
    for (std::int32_t start = 0; start < last_step; ++bars) {
      for (; change < plan.meters.size() && plan.meters[change].bar <= bars; ++change)
        meter = plan.meters[change].meter;
      start += bar_steps(meters[static_cast<std::size_t>(meter)]);
    }
    std::vector<Plan::Phrase> form;
    for (const Plan::Phrase& phrase : plan.form) {
      if (bars <= 0) break;
      form.push_back({phrase.letter, std::min(phrase.bars, bars)});
      bars -= phrase.bars;
    }
    for (; bars > 0; bars -= 64) {  // music after the last phrase
      const int room = std::min(bars, 64 - form.back().bars);
      if (room > 0) form.back().bars += room;
      if (bars > room) form.push_back({form.back().letter, std::min(64, bars - room)});
      bars -= room;
    }
    return form;
  }

  const Plan& plan_;
  const Vocabulary& vocabulary_;
  std::vector<Plan::Phrase> form_;
  int moved_;
  std::int32_t bar_start_ = 0;
  int bar_ = 0, phrase_start_ = 0, meter_ = common_time, in_force_ = -1;
  std::size_t tempo_ = 0, meter_change_ = 0, phrase_ = 0, chord_ = 0;
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
