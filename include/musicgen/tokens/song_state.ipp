// Definitions of song_state.hpp.
#pragma once

#include <algorithm>

#include "song_state.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void SongState::begin(std::uint64_t number, const SongVariation& variation) {
  *this = SongState();
  number_ = number;
  variation_ = variation;
}

MUSICGEN_INLINE SongStep SongState::advance(TokenEvent token) {
  SongStep step;
  if (ended_) {
    pass_over(step, 1);
  } else if (group_ == Group::on && token.kind == TokenKind::velocity) {
    group_ = Group::on_velocity;
    velocity_ = token.value;
  } else if (token.kind == TokenKind::track && group_ == Group::on_velocity) {
    complete_on(token.value, step);
  } else if (token.kind == TokenKind::track && group_ == Group::off) {
    complete_off(token.value, step);
  } else {
    if (const int dropped = drop_group(); dropped > 0) {
      step.stray = dropped;
      step.first_stray = position_ - dropped;
    }
    begin_event(token, step);
  }
  ++position_;
  return step;
}

/// Counts the current token as skipped, with those of its group before it: `tokens` in all.
MUSICGEN_INLINE void SongState::pass_over(SongStep& step, int tokens) const {
  if (step.stray == 0) step.first_stray = position_ - (tokens - 1);
  step.stray += tokens;
}

MUSICGEN_INLINE int SongState::drop_group() {
  const int dropped = group_length();
  group_ = Group::none;
  return dropped;
}

MUSICGEN_INLINE void SongState::begin_event(TokenEvent token, SongStep& step) {
  switch (token.kind) {
    case TokenKind::note_on:
      notes_at_onset_ = last_onset_ == steps_ ? notes_at_onset_ + 1 : 1;
      last_onset_ = steps_;
      [[fallthrough]];
    case TokenKind::note_off:
      group_ = token.kind == TokenKind::note_on ? Group::on : Group::off;
      pitch_ = token.value;
      break;
    case TokenKind::time:
      pass_time(token.value);
      break;
    case TokenKind::start:
      if (position_ > 0) pass_over(step, 1);
      break;
    case TokenKind::end:
      ended_ = true;
      break;
    case TokenKind::velocity:
    case TokenKind::track:
      pass_over(step, 1);
      break;
    default:
      plan(token);
  }
}

MUSICGEN_INLINE void SongState::plan(TokenEvent token) {
  place_.last = token.kind;
  ++silent_tokens_;
  gap_is_closed_ = false;
  switch (token.kind) {
    case TokenKind::bar:
      ++place_.bars;
      place_.bar_steps = 0;
      place_.repeats = false;
      if (place_.bars_left > 0) --place_.bars_left;
      if (place_.phrase != 0) ++place_.phrase_bar;
      break;
    case TokenKind::key:
      place_.key = static_cast<std::int8_t>(token.value);
      break;
    case TokenKind::tempo:
    case TokenKind::fine_tempo:
      change_tempo(token.kind == TokenKind::tempo ? 4 * token.value : place_.tempo / 4 * 4 + token.value);
      break;
    case TokenKind::meter:
      place_.meter = static_cast<std::uint8_t>(token.value);
      break;
    case TokenKind::phrase:
      begin_phrase(static_cast<std::uint8_t>(token.value));
      break;
    case TokenKind::phrase_bars:
      place_.bars_left = static_cast<std::int16_t>(token.value);
      break;
    case TokenKind::repeat:
      place_.repeats = true;
      break;
    default:
      place_.chord = static_cast<std::uint8_t>(token.value);
  }
}

MUSICGEN_INLINE void SongState::begin_phrase(std::uint8_t letter) {
  std::uint8_t& begun = phrases_[letter];
  place_.phrase = letter;
  place_.phrase_bar = 0;
  place_.returns = begun;
  if (begun < 255) ++begun;
}

MUSICGEN_INLINE void SongState::change_tempo(int quarters) {
  const Tempo next{steps_, time().count(), quarters};
  // A fine tempo replaces the tempo that it belongs to, and one that is in force already changes nothing.
  if (tempo_changes_ == 0 || tempo_change(tempo_changes_).step != steps_) ++tempo_changes_;
  tempo_change(tempo_changes_) = next;
  if (tempo_changes_ > 1 && tempo_change(tempo_changes_ - 1).quarters == quarters) --tempo_changes_;
  place_.tempo = static_cast<std::int16_t>(quarters);
}

MUSICGEN_INLINE void SongState::pass_time(int steps) {
  steps_ += steps;
  place_.bar_steps = static_cast<std::int16_t>(place_.bar_steps + steps);
  place_.last = TokenKind::repeat;  // a chord may come
  ++time_tokens_;
  ++silent_tokens_;
  gap_is_closed_ = steps < (place_.bars > 0 ? max_beat_steps : max_time_steps);
  fresh_.fill(0);
  off_order_ = on_order_ = Order{};
}

MUSICGEN_INLINE void SongState::complete_on(int track, SongStep& step) {
  const std::size_t p = index(pitch_), at = index(pitch_, track);
  group_ = Group::none;
  gap_is_closed_ = false;
  time_tokens_ = silent_tokens_ = 0;
  place_.last = TokenKind::chord;
  const bool sounds = is_sounding(pitch_, track);
  if (fresh_[p] & bit(track)) {
    if (sounds) velocities_[at] = std::max(velocities_[at], static_cast<std::uint8_t>(velocity_));
    return pass_over(step, 3);
  }
  if (sounds) {
    step.restruck = true;
    step.ended = end_note(pitch_, track);
  }
  start_[at] = static_cast<std::uint32_t>(steps_);
  velocities_[at] = static_cast<std::uint8_t>(velocity_);
  sounding_[p] = static_cast<Tracks>(sounding_[p] | bit(track));
  fresh_[p] = static_cast<Tracks>(fresh_[p] | bit(track));
  took_over_[p] = static_cast<Tracks>(sounds ? took_over_[p] | bit(track) : took_over_[p] & ~bit(track));
  ++sounding_count_;
  off_order_ = Order::none();
  on_order_ = Order::beyond(track, pitch_);
  last_note_ = Onset{steps_, pitch_, velocity_, track};
  step.began = true;
}

MUSICGEN_INLINE void SongState::complete_off(int track, SongStep& step) {
  const std::size_t p = index(pitch_);
  group_ = Group::none;
  gap_is_closed_ = false;
  time_tokens_ = silent_tokens_ = 0;
  place_.last = TokenKind::chord;
  if (!is_sounding(pitch_, track) || (fresh_[p] & took_over_[p] & bit(track))) return pass_over(step, 2);
  step.ended = end_note(pitch_, track);
  off_order_ = Order::beyond(track, pitch_);
}

MUSICGEN_INLINE std::int64_t SongState::start_of(int pitch, int track) const {
  return steps_ - static_cast<std::uint32_t>(static_cast<std::uint32_t>(steps_) - start_[index(pitch, track)]);
}

MUSICGEN_INLINE SongState::Onset SongState::onset(int pitch, int track) const {
  return {start_of(pitch, track), pitch, velocities_[index(pitch, track)], track};
}

MUSICGEN_INLINE std::chrono::duration<double> SongState::time_at(std::int64_t steps) const {
  if (place_.bars == 0) return std::chrono::duration<double>(static_cast<double>(steps) / (1 / step_seconds));
  const auto known = std::min(tempo_changes_, static_cast<std::uint32_t>(tempos_.size() - 1));
  Tempo tempo;
  for (std::uint32_t k = 0; k < known; ++k) {
    tempo = tempos_[(tempo_changes_ - k) % tempos_.size()];
    if (tempo.step <= steps) break;
  }
  const std::int64_t microseconds = (steps - tempo.step) * microseconds_a_quarter(tempo.quarters);
  const double time = tempo.seconds + static_cast<double>(microseconds) / (1e6 * steps_a_quarter);
  return std::chrono::duration<double>(std::max(0.0, time));  // of tempos long gone nothing is known
}

MUSICGEN_INLINE std::chrono::duration<double> SongState::step_length() const {
  if (place_.bars == 0) return std::chrono::duration<double>(step_seconds);
  const int tempo = place_.tempo == 0 ? usual_tempo : place_.tempo;
  return std::chrono::duration<double>(microseconds_a_quarter(tempo) / (1e6 * steps_a_quarter));
}

MUSICGEN_INLINE Note SongState::end_note(int pitch, int track) {
  sounding_[index(pitch)] = static_cast<Tracks>(sounding_[index(pitch)] & ~bit(track));
  --sounding_count_;
  const std::int64_t start = start_of(pitch, track);
  return {time_at(start).count(), time_at(std::max(steps_, start + 1)).count(), pitch_heard(pitch),
          velocities_[index(pitch, track)], track};
}

}  // namespace musicgen::inline MUSICGEN_ABI
