// Definitions of repeat_guide.hpp.
#pragma once

#include <algorithm>

#include "repeat_guide.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The tokens that may come.
struct RepeatGuide::Mask {
  const GrammarRules& rules;
  std::span<std::uint8_t> allowed;

  bool allows(Token token) const { return token != no_token && allowed[static_cast<std::size_t>(token)] != 0; }
  void forbid(Token token) const {
    if (token != no_token) allowed[static_cast<std::size_t>(token)] = 0;
  }
  /// Takes away the tokens of a kind for which `unwanted(value)`.
  template <class Unwanted>
  void forbid_if(TokenKind kind, Unwanted&& unwanted) const {
    for (const Token token : rules.vocabulary().tokens(kind))
      if (unwanted(rules.vocabulary()[token].value)) forbid(token);
  }
  void forbid(TokenKind kind) const {
    forbid_if(kind, [](int) { return true; });
  }
  void only(TokenKind kind, int wanted) const {
    forbid_if(kind, [=](int value) { return value != wanted; });
  }
};

/// The bar that the present one would repeat; -1 if there is none.
MUSICGEN_INLINE std::int32_t RepeatGuide::repeated_bar(const SongState& song) const {
  const SongState::Place& place = song.place();
  const Phrase& before = before_[index(place.phrase)];
  return place.phrase != 0 && place.phrase_bar < before.bars ? before.start + place.phrase_bar : -1;
}

template <class Take>
void RepeatGuide::for_each_onset(std::int32_t bar, Take&& take) const {
  if (bar < 0) return;
  const std::uint32_t kept = std::min<std::uint32_t>(played_, onsets);
  for (std::uint32_t i = played_ - kept; i != played_; ++i)
    if (const Onset& onset = melody_[i % onsets]; onset.bar == static_cast<std::uint16_t>(bar)) take(onset);
}

MUSICGEN_INLINE void RepeatGuide::observe(TokenEvent token, const SongStep& step, const SongState& song) {
  const SongState::Place& place = song.place();
  Phrase& latest = latest_[index(place.phrase)];
  switch (token.kind) {
    case TokenKind::bar:
      count_ = next_ = 0;
      break;
    case TokenKind::phrase:
      before_[index(place.phrase)] = latest;
      latest = {place.bars - 1, 0};
      break;
    case TokenKind::phrase_bars:
      latest.bars = token.value;
      break;
    case TokenKind::repeat:
      begin_repeat(song);
      break;
    case TokenKind::time:
      while (next_ < count_ && bar_[next_].step < place.bar_steps) ++next_;  // what could not come
      break;
    default:
      if (step.began && place.bars > 0) begin_note(song);
  }
}

MUSICGEN_INLINE void RepeatGuide::begin_repeat(const SongState& song) {
  count_ = next_ = 0;
  for_each_onset(repeated_bar(song), [&](const Onset& onset) {
    if (count_ < most && onset.step < bar_steps(song.meter())) bar_[count_++] = onset;
  });
}

MUSICGEN_INLINE void RepeatGuide::begin_note(const SongState& song) {
  const auto& note = *song.last_note();
  if (note.track > track_) return;
  if (note.track < track_) played_ = count_ = next_ = 0;  // another melody
  track_ = note.track;
  const SongState::Place& place = song.place();
  melody_[played_++ % onsets] = {static_cast<std::uint16_t>(place.bars - 1), static_cast<std::uint8_t>(place.bar_steps),
                                 static_cast<std::uint8_t>(note.pitch)};
  if (is_due(song) && bar_[next_].pitch == note.pitch) ++next_;
}

MUSICGEN_INLINE void RepeatGuide::apply(const GrammarRules& rules, const SongState& song,
                                        std::span<std::uint8_t> allowed) const {
  const Mask mask{rules, allowed};
  if (const Token repeat = rules.vocabulary().find(TokenKind::repeat); mask.allows(repeat)) {
    bool any = false;
    for_each_onset(repeated_bar(song), [&](const Onset& onset) { any |= onset.step < bar_steps(song.meter()); });
    if (!any) mask.forbid(repeat);
  }
  if (!song.place().repeats || count_ == 0) return;
  song.group() == SongState::Group::none ? keep_to_melody(mask, song) : keep_to_track(mask, song);
}

/// Between notes.
MUSICGEN_INLINE void RepeatGuide::keep_to_melody(const Mask& mask, const SongState& song) const {
  const Vocabulary& vocabulary = mask.rules.vocabulary();
  if (is_due(song)) {
    // Those that sound still have to end before any begins.
    for (std::uint32_t i = next_; i < count_ && bar_[i].step == bar_[next_].step; ++i)
      if (const int pitch = bar_[i].pitch;
          mask.rules.can_end(song, pitch, track_) && mask.allows(vocabulary.note_off(pitch))) {
        mask.only(TokenKind::note_off, pitch);
        for (const TokenKind kind : {TokenKind::note_on, TokenKind::time, TokenKind::end}) mask.forbid(kind);
        return;
      }
    const int pitch = bar_[next_].pitch;
    if (mask.allows(vocabulary.note_on(pitch)) && (mask.rules.startable(song, pitch) >> track_ & 1) != 0) {
      mask.only(TokenKind::note_on, pitch);
      for (const TokenKind kind : {TokenKind::time, TokenKind::end}) mask.forbid(kind);
    }
    return;
  }
  if (next_ < count_) {
    const int left = bar_[next_].step - song.place().bar_steps;
    const auto times = vocabulary.tokens(TokenKind::time);
    if (std::any_of(times.begin(), times.end(),
                    [&](Token time) { return mask.allows(time) && vocabulary[time].value <= left; })) {
      mask.forbid_if(TokenKind::time, [&](int steps) { return steps > left; });
      mask.forbid(TokenKind::end);
    }
  }
  // Of the other tracks alone.
  mask.forbid_if(TokenKind::note_on,
                 [&](int pitch) { return (mask.rules.startable(song, pitch) & ~(1u << track_)) == 0; });
}

/// Within a note.
MUSICGEN_INLINE void RepeatGuide::keep_to_track(const Mask& mask, const SongState& song) const {
  const Token melody = mask.rules.vocabulary().track(track_);
  if (!mask.allows(melody)) return;
  const int pitch = song.group_pitch();
  if (song.group() == SongState::Group::on_velocity) {
    const auto tracks = mask.rules.vocabulary().tokens(TokenKind::track);
    if (is_due(song) && bar_[next_].pitch == pitch)
      mask.only(TokenKind::track, track_);
    else if (std::any_of(tracks.begin(), tracks.end(), [&](Token k) { return k != melody && mask.allows(k); }))
      mask.forbid(melody);
  } else if (song.group() == SongState::Group::off && is_due(song)) {
    const bool ends_for_it = std::any_of(bar_.begin() + next_, bar_.begin() + count_, [&](const Onset& onset) {
      return onset.step == song.place().bar_steps && onset.pitch == pitch;
    });
    if (ends_for_it) mask.only(TokenKind::track, track_);
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI
