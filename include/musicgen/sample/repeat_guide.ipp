// Definitions of repeat_guide.hpp.
#pragma once

#include <algorithm>

#include "repeat_guide.hpp"
#include "token_mask.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The bar that the present one would repeat; -1 if there is none, or some of its onsets may be forgotten.
MUSICGEN_INLINE std::int32_t RepeatGuide::repeated_bar(const SongState& song) const {
  const SongState::Place& place = song.place();
  const Phrase& before = before_[slot(place.phrase)];
  if (place.phrase == 0 || place.phrase_bar >= before.bars) return -1;
  const std::int32_t bar = before.start + place.phrase_bar, now = place.bars - 1;
  if (played_ <= kept_onsets) return bar;
  const auto oldest = static_cast<std::uint16_t>(now - melody_[played_ % kept_onsets].bar);
  return now - bar < oldest ? bar : -1;
}

/// Calls `take(onset)` for each onset of the repeated bar that fits into this one. @return  how many there are; 0 if
/// they are too many
template <class Take>
std::size_t RepeatGuide::for_each_repeated(const SongState& song, Take&& take) const {
  const std::int32_t bar = repeated_bar(song);
  if (bar < 0) return 0;
  const std::uint32_t kept = std::min<std::uint32_t>(played_, kept_onsets);
  std::size_t count = 0;
  for (std::uint32_t i = played_ - kept; i != played_; ++i) {
    const Onset& onset = melody_[i % kept_onsets];
    if (onset.bar != static_cast<std::uint16_t>(bar) || onset.step >= bar_steps(song.meter())) continue;
    if (++count > max_bar_onsets) return 0;
    take(onset);
  }
  return count;
}

MUSICGEN_INLINE void RepeatGuide::observe(TokenEvent token, const SongStep& step, const SongState& song) {
  const SongState::Place& place = song.place();
  Phrase& latest = latest_[slot(place.phrase)];
  switch (token.kind) {
    case TokenKind::bar:
      count_ = next_ = 0;
      break;
    case TokenKind::phrase:
      before_[slot(place.phrase)] = latest;
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
  std::uint32_t i = 0;
  count_ = static_cast<std::uint32_t>(for_each_repeated(song, [&](const Onset& onset) { bar_[i++] = onset; }));
  next_ = 0;
}

MUSICGEN_INLINE void RepeatGuide::begin_note(const SongState& song) {
  const auto& note = *song.last_note();
  if (note.track > track_) return;
  if (note.track < track_) played_ = count_ = next_ = 0;  // another melody
  track_ = note.track;
  const SongState::Place& place = song.place();
  melody_[played_++ % kept_onsets] = {static_cast<std::uint16_t>(place.bars - 1),
                                      static_cast<std::uint8_t>(place.bar_steps),
                                      static_cast<std::uint8_t>(note.pitch)};
  std::uint32_t i = next_;
  while (is_due(i, song) && bar_[i].pitch != note.pitch) ++i;
  if (is_due(i, song)) next_ = i + 1;
}

MUSICGEN_INLINE void RepeatGuide::apply(const GrammarRules& rules, const SongState& song,
                                        std::span<std::uint8_t> allowed) const {
  const detail::TokenMask mask{rules.vocabulary(), allowed};
  const Token repeat = rules.vocabulary().find(TokenKind::repeat);
  if (mask.allows(repeat) && for_each_repeated(song, [](const Onset&) {}) == 0) mask.forbid(repeat);
  if (!song.place().repeats || count_ == 0) return;
  song.group() == SongState::Group::none ? keep_to_melody(rules, mask, song) : keep_to_track(mask, song);
}

/// The pitch of the next note that is due in this step and may come, or whose last one may end for it.
MUSICGEN_INLINE std::optional<int> RepeatGuide::due_pitch(const GrammarRules& rules, const detail::TokenMask& mask,
                                                          const SongState& song) const {
  for (std::uint32_t i = next_; is_due(i, song); ++i) {
    const int pitch = bar_[i].pitch;
    const bool can_start = (rules.startable(song, pitch) >> track_ & 1) != 0;
    if (rules.can_end(song, pitch, track_) || (can_start && mask.allows(mask.vocabulary.note_on(pitch)))) return pitch;
  }
  return std::nullopt;
}

/// Between notes.
MUSICGEN_INLINE void RepeatGuide::keep_to_melody(const GrammarRules& rules, const detail::TokenMask& mask,
                                                 const SongState& song) const {
  const Vocabulary& vocabulary = mask.vocabulary;
  // Those that sound still have to end before any begins.
  for (std::uint32_t i = next_; is_due(i, song); ++i)
    if (const int pitch = bar_[i].pitch; rules.can_end(song, pitch, track_) &&
                                         mask.allows(vocabulary.note_off(pitch)) &&
                                         !rules.is_forbidden(vocabulary.note_on(pitch))) {
      mask.only(TokenKind::note_off, pitch);
      for (const TokenKind kind : {TokenKind::note_on, TokenKind::time, TokenKind::end}) mask.forbid(kind);
      return;
    }
  if (const auto pitch = due_pitch(rules, mask, song); pitch && mask.allows(vocabulary.note_on(*pitch))) {
    mask.only(TokenKind::note_on, *pitch);
    for (const TokenKind kind : {TokenKind::time, TokenKind::end}) mask.forbid(kind);
    return;
  }
  const unsigned higher = ~((2u << track_) - 1);
  mask.forbid_if(TokenKind::note_on, [&](int pitch) { return (rules.startable(song, pitch) & higher) == 0; });
  keep_time(mask, song);
}

/// Time up to the next onset. If nothing else could come after less, no less.
MUSICGEN_INLINE void RepeatGuide::keep_time(const detail::TokenMask& mask, const SongState& song) const {
  const Vocabulary& vocabulary = mask.vocabulary;
  const int here = song.place().bar_steps;
  std::uint32_t later = next_;
  while (is_due(later, song)) ++later;
  const int left = later < count_ ? bar_[later].step - here : song.bar_left();
  if (later < count_) mask.forbid(TokenKind::end);
  int longest = 0;
  for (const Token time : vocabulary.tokens(TokenKind::time))
    if (const int steps = vocabulary[time].value; mask.allows(time) && steps <= left)
      longest = std::max(longest, steps);
  if (longest == 0) return;
  const bool is_alone = song.sounding() == 0 && !mask.allows_any(TokenKind::note_on);
  mask.forbid_if(TokenKind::time, [&](int steps) { return steps > left || (is_alone && steps < longest); });
}

/// Within a note.
MUSICGEN_INLINE void RepeatGuide::keep_to_track(const detail::TokenMask& mask, const SongState& song) const {
  const int pitch = song.group_pitch();
  bool is_melody = false;
  for (std::uint32_t i = next_; is_due(i, song); ++i) is_melody |= bar_[i].pitch == pitch;
  const Vocabulary& vocabulary = mask.vocabulary;
  if (is_melody && mask.allows(vocabulary.track(track_))) {
    mask.only(TokenKind::track, track_);
  } else if (song.group() == SongState::Group::on_velocity) {
    const auto tracks = vocabulary.tokens(TokenKind::track);
    const auto is_higher = [&](Token track) { return mask.allows(track) && vocabulary[track].value > track_; };
    if (std::any_of(tracks.begin(), tracks.end(), is_higher))
      mask.forbid_if(TokenKind::track, [&](int track) { return track <= track_; });
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI
