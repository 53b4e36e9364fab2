// Definitions of song_writer.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "../core/error.hpp"
#include "song_writer.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE bool Limit::has_room(const SongState& song) const {
  constexpr double rounding = 1e-6;
  if (seconds == std::numeric_limits<double>::infinity() || song.place().bars == 0) return true;
  const int left = song.bar_left();
  const int needed = left == 0 ? bar_steps(song.meter()) : song.place().bars == 1 ? 1 : left;
  // A tempo of which only half has come does not count yet.
  return GrammarRules::is_half(song) || (song.time() + needed * song.step_length()).count() <= seconds + rounding;
}

MUSICGEN_INLINE SongWriter::SongWriter(const Vocabulary& vocabulary, bool canonical, const SamplerOptions& o,
                                       const AnyProcessor& chain, const MusicProfile& profile)
    : options(o),
      grammar_(vocabulary, {.canonical = canonical}),
      guide_(vocabulary, o.plan),
      sampler_(vocabulary.size()),
      unknown_(static_cast<std::size_t>(vocabulary.size())),
      forbidden_(unknown_.size()),
      wanted_not_(unknown_.size()),
      allowed_(unknown_.size()),
      unguided_(unknown_.size()),
      logits_(unknown_.size()),
      values_(unknown_.size()) {
  require_in_range(options);
  chain.check();
  if (vocabulary.has_beats() && !options.grammar)
    throw Error("sampler: songs in the language of beats need the grammar, which keeps their bars");
  // Without the grammar, anything that the model writes is accepted.
  const int tracks =
      profile.programs.empty() || !options.grammar ? track_count : static_cast<int>(profile.programs.size());
  for (const Token track : vocabulary.tokens(TokenKind::track))
    if (vocabulary[track].value >= tracks) unknown_[static_cast<std::size_t>(track)] = 1;
  try {
    forbidden_ = unknown_;
    grammar_.forbid(forbidden_);
    update_forbidden(chain, SongState());
    require_notes();
  } catch (const Error& error) {
    throw Error(std::string("sampler: ") + error.what());
  }
}

/// Whoever listens to a stream without notes would wait for ever.
MUSICGEN_INLINE void SongWriter::require_notes() {
  SongState song;
  song.advance({TokenKind::start, 0});
  if (vocabulary().has_beats()) song.advance({TokenKind::bar, 0});
  grammar_.allowed(song, allowed_);
  for (const Token on : vocabulary().tokens(TokenKind::note_on))
    if (allowed_[static_cast<std::size_t>(on)]) return;
  throw Error("the processors leave no note to play on a track that the model knows");
}

/// Tells the grammar what is forbidden throughout the song: unknown tracks, notes that the song's key moves out of
/// range, and what the processors forbid.
MUSICGEN_INLINE void SongWriter::update_forbidden(const AnyProcessor& chain, const SongState& song) {
  transposition_ = song.transposition();
  std::copy(unknown_.begin(), unknown_.end(), wanted_not_.begin());
  for (const Token on : vocabulary().tokens(TokenKind::note_on))  // clamped, two would sound alike
    if (const int pitch = vocabulary()[on].value + song.transposition(); pitch < 0 || pitch >= pitch_count)
      wanted_not_[static_cast<std::size_t>(on)] = 1;
  chain.add_forbidden(vocabulary(), song, wanted_not_);
  if (wanted_not_ == forbidden_) return;
  grammar_.forbid(wanted_not_);
  std::swap(forbidden_, wanted_not_);
}

MUSICGEN_INLINE void SongWriter::begin(SongInProgress& song, AnyProcessor& chain, std::uint64_t number,
                                       std::span<const Token> given) const {
  Random own(options.seed, ~number);
  SongVariation variation;
  variation.density = static_cast<float>(own.normal());
  variation.velocity = static_cast<float>(own.normal());
  variation.pitch_class = static_cast<float>(own.normal());
  song = SongInProgress();
  song.random = Random(options.seed, number);
  song.state.begin(number, variation);
  chain.begin(song.state);
  for (const Token token : given) {
    const TokenEvent event = vocabulary()[token];
    song.melody.observe(event, song.state.advance(event), song.state);
    chain.observe(event, song.state);
    song.last = token;
  }
  song.state.end_prompt();
  song.plan = PlanGuide::start_after(song.state);
}

MUSICGEN_INLINE Token SongWriter::choose(SongInProgress& song, AnyProcessor& chain, const Limit& limit) {
  const double log_sum = log_sum_exp(logits_);
  // Settings change between notes only; another key needs another mask at once.
  if (song.state.group() == SongState::Group::none || song.state.transposition() != transposition_)
    update_forbidden(chain, song.state);
  mask(song, limit);
  apply(song, chain);
  const auto is_stuck = [&] {
    return std::all_of(values_.begin(), values_.end(), [](double x) { return x == Logits::forbidden; });
  };
  if (is_stuck() && song.state.place().repeats) {  // the note that is due is left out
    allowed_ = unguided_;
    apply(song, chain);
  }
  if (is_stuck() && plan_is_over(song.state)) {
    song.over = true;
    return no_token;
  }
  if (is_stuck()) rest_instead(song);
  const Token chosen =
      sampler_.choose(values_, {options.temperature, options.top_k, options.top_p, options.min_p}, song.random);
  const Token token = cut(chosen, song.state, limit);
  song.over = token == no_token;
  if (song.over) return token;
  const TokenEvent event = vocabulary()[token];
  song.step = song.state.advance(event);
  song.melody.observe(event, song.step, song.state);
  song.last = token;
  song.log_probability = logits_[static_cast<std::size_t>(token)] - log_sum;
  chain.observe(event, song.state);
  return token;
}

/// The model's logits of what may come, as the processors change them.
MUSICGEN_INLINE void SongWriter::apply(SongInProgress& song, AnyProcessor& chain) {
  for (std::size_t v = 0; v < values_.size(); ++v) values_[v] = allowed_[v] ? logits_[v] : Logits::forbidden;
  chain.apply(Logits(values_, vocabulary(), options.grammar ? &grammar_ : nullptr), song.state);
}

/// Sets what may come by the grammar, the plan and the melody of a bar that repeats; without the grammar, everything
/// that is not forbidden throughout.
MUSICGEN_INLINE void SongWriter::mask(const SongInProgress& song, const Limit& limit) {
  if (options.grammar)
    grammar_.allowed(song.state, allowed_);
  else
    for (std::size_t v = 0; v < allowed_.size(); ++v) allowed_[v] = forbidden_[v] == 0;
  if (vocabulary().has_beats()) {
    guide_.apply(song.state, song.plan, limit.end_waits || grammar_.is_forbidden(vocabulary().end()), allowed_);
    unguided_ = allowed_;
    song.melody.apply(grammar_, song.state, allowed_);
  }
  // If nothing else is left, rest_instead() lets time pass: rules may change while a stream plays.
  else if (limit.end_waits && song.state.steps() < limit.steps)
    allowed_[static_cast<std::size_t>(vocabulary().end())] = 0;
}

/// Whether the last phrase of the plan has ended in silence, after which the canonical `$` may not come.
MUSICGEN_INLINE bool SongWriter::plan_is_over(const SongState& song) const {
  return song.at_free_position() && song.sounding() == 0 && GrammarRules::needs_phrase(song) &&
         std::none_of(allowed_.begin(), allowed_.end(), [](std::uint8_t may) { return may != 0; });
}

MUSICGEN_INLINE void SongWriter::bring_back(Token token) {
  values_[static_cast<std::size_t>(token)] = logits_[static_cast<std::size_t>(token)];
}

/// In the language of beats: brings back the bar line, or the words of the plan that have to come before time can pass.
/// Returns whether there are any.
MUSICGEN_INLINE bool SongWriter::bring_back_plan(const SongState& song) {
  if (!vocabulary().has_beats() || song.group() != SongState::Group::none) return false;
  const auto allowed = [&](Token token) { return allowed_[static_cast<std::size_t>(token)] != 0; };
  const auto times = vocabulary().tokens(TokenKind::time);
  if (song.bar_left() == 0) {
    bring_back(vocabulary().find(TokenKind::bar));
    return true;
  }
  if (!GrammarRules::is_half(song) && std::any_of(times.begin(), times.end(), allowed)) return false;
  bool any = false;
  for (Token token = 0; token < vocabulary().size(); ++token)
    if (allowed(token) && vocabulary()[token].kind >= TokenKind::end) {
      bring_back(token);
      any = true;
    }
  return any;
}

/// For when the rules forbid all that the grammar allows. The rules win: notes may end and time may pass, even where
/// the grammar wants something else.
MUSICGEN_INLINE void SongWriter::rest_instead(SongInProgress& in_progress) {
  const SongState& song = in_progress.state;
  if (bring_back_plan(song)) return;
  in_progress.irregular = true;
  const auto allowed = [&](Token token) { return allowed_[static_cast<std::size_t>(token)] != 0; };
  if (song.group() == SongState::Group::off)
    for (const Token track : vocabulary().tokens(TokenKind::track))
      if (allowed(track) && song.is_sounding(song.group_pitch(), vocabulary()[track].value)) return bring_back(track);
  if (song.group() == SongState::Group::none && song.sounding() > 0)
    for (const Token off : vocabulary().tokens(TokenKind::note_off))
      if (allowed(off) && song.sounding_tracks(vocabulary()[off].value) != 0) bring_back(off);
  const int left = vocabulary().has_beats() ? song.bar_left() : max_time_steps;
  bool any = false;
  for (const Token time : vocabulary().tokens(TokenKind::time))
    if (!grammar_.is_forbidden(time) && vocabulary()[time].value <= left) {
      bring_back(time);
      any = true;
    }
  // The rest of a bar has to pass, even if a rule forbids gaps that short.
  if (!any) bring_back(vocabulary().time(std::clamp(left, 1, vocabulary().max_steps())));
}

/// Replaces a time token that leads beyond the limit by the longest that does not and is not forbidden; `no_token` if
/// there is none. Leaves any other token as it is.
MUSICGEN_INLINE Token SongWriter::cut(Token token, const SongState& song, const Limit& limit) const {
  const TokenEvent m = vocabulary()[token];
  if (m.kind != TokenKind::time) return token;
  std::int64_t left = limit.steps - song.steps();
  if (song.place().bars == 1 && limit.seconds < std::numeric_limits<double>::infinity())  // later bars fit as a whole
    left = static_cast<std::int64_t>((limit.seconds - song.time().count()) / song.step_length().count() + 1e-6);
  if (m.value <= left) return token;
  for (int steps = static_cast<int>(left); steps > 0; --steps)
    if (const Token shorter = vocabulary().time(steps); !grammar_.is_forbidden(shorter)) return shorter;
  return no_token;
}

}  // namespace musicgen::inline MUSICGEN_ABI
