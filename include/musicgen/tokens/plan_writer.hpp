// Internal: writes the tokens of a plan between those of notes.
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

/// Goes through the bars of a plan, starting with the first.
class BarWalk {
 public:
  explicit BarWalk(const Plan& plan) : meters_(plan.meters) { enter(); }

  [[nodiscard]] int bar() const { return bar_; }
  [[nodiscard]] std::int32_t start() const { return start_; }  ///< its first step
  [[nodiscard]] int meter() const { return meter_; }
  [[nodiscard]] bool says_meter() const { return says_meter_; }  ///< whether the plan states a metre for this bar

  void next() {
    start_ += bar_steps(meters[static_cast<std::size_t>(meter_)]);
    ++bar_;
    enter();
  }

 private:
  void enter() {
    says_meter_ = false;
    for (; change_ < meters_.size() && meters_[change_].bar <= bar_; ++change_) {
      meter_ = meters_[change_].meter;
      says_meter_ = true;
    }
  }

  const std::vector<Plan::Bars>& meters_;
  std::size_t change_ = 0;
  int bar_ = 0, meter_ = common_time;
  std::int32_t start_ = 0;
  bool says_meter_ = false;
};

/// Knows where bars begin, and what the plan says there.
class PlanWriter {
 public:
  /// @param last_step  where the last note ends
  PlanWriter(const Plan& plan, const Vocabulary& vocabulary, std::int32_t last_step)
      : plan_(plan),
        vocabulary_(vocabulary),
        form_(fitted(plan, last_step)),
        moved_(-transposition_of(plan.key)),
        walk_(plan) {}

  /// The next step at which there is something to write.
  [[nodiscard]] std::int32_t next() const {
    return chord_ < plan_.chords.size() ? std::min(walk_.start(), plan_.chords[chord_].step) : walk_.start();
  }

  /// Writes what there is to write at next().
  void write(std::vector<Token>& tokens) {
    const std::int32_t now = next();
    const auto put = [&](TokenKind kind, int value) {
      const Token token = vocabulary_.find(kind, value);
      if (token != no_token) tokens.push_back(token);
      return token != no_token;
    };
    bool phrase_begins = false;
    if (now == walk_.start()) {
      put(TokenKind::bar, 0);
      if (walk_.bar() == 0 && plan_.key >= 0) put(TokenKind::key, plan_.key);
      for (; tempo_ < plan_.tempos.size() && plan_.tempos[tempo_].bar <= walk_.bar(); ++tempo_) {
        put(TokenKind::tempo, plan_.tempos[tempo_].quarters / 4);
        put(TokenKind::fine_tempo, plan_.tempos[tempo_].quarters % 4);
      }
      if (walk_.says_meter()) put(TokenKind::meter, walk_.meter());
      phrase_begins = walk_.bar() == phrase_start_ && phrase_ < form_.size();
      if (phrase_begins) {
        const bool has_letter = put(TokenKind::phrase, form_[phrase_].letter);
        says_phrase_ = put(TokenKind::phrase_bars, form_[phrase_].bars) && has_letter;
        phrase_start_ += form_[phrase_++].bars;
      }
      for (; repeat_ < plan_.repeats.size() && plan_.repeats[repeat_] <= walk_.bar(); ++repeat_)
        if (plan_.repeats[repeat_] == walk_.bar() && says_phrase_) put(TokenKind::repeat, 0);
      walk_.next();
    }
    const int before = in_force_;
    for (; chord_ < plan_.chords.size() && plan_.chords[chord_].step <= now; ++chord_)
      in_force_ = plan_.chords[chord_].chord;
    const bool over = phrase_ == form_.size() && !form_.empty() && walk_.bar() > phrase_start_;
    if (in_force_ >= 0 && !over && (in_force_ != before || phrase_begins))
      put(TokenKind::chord, transposed_chord(in_force_, moved_));
  }

 private:
  /// The phrases, made to end with the bar in which the music ends.
  static std::vector<Plan::Phrase> fitted(const Plan& plan, std::int32_t last_step) {
    if (plan.form.empty()) return {};
    BarWalk walk(plan);
    while (walk.start() < last_step) walk.next();
    int bars = walk.bar();
    std::vector<Plan::Phrase> form;
    for (const Plan::Phrase& phrase : plan.form) {
      if (bars <= 0) break;
      form.push_back({phrase.letter, std::min(phrase.bars, bars)});
      bars -= phrase.bars;
    }
    for (; bars > 0; bars -= max_phrase_bars) {  // music after the last phrase
      const int room = std::min(bars, max_phrase_bars - form.back().bars);
      if (room > 0) form.back().bars += room;
      if (bars > room) form.push_back({form.back().letter, std::min(max_phrase_bars, bars - room)});
      bars -= room;
    }
    return form;
  }

  const Plan& plan_;
  const Vocabulary& vocabulary_;
  std::vector<Plan::Phrase> form_;
  int moved_;
  BarWalk walk_;  // at the next bar to write
  int phrase_start_ = 0, in_force_ = -1;
  bool says_phrase_ = false;
  std::size_t tempo_ = 0, phrase_ = 0, repeat_ = 0, chord_ = 0;
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
