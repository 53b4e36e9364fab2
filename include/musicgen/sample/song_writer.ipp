// Definitions of song_writer.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "../core/error.hpp"
#include "song_writer.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE SongWriter::SongWriter(const Vocabulary& vocabulary, bool canonical, const SamplerOptions& o,
                                       const AnyProcessor& chain, const MusicProfile& profile)
    : options(o),
      grammar_(vocabulary, {.canonical = canonical}),
      sampler_(vocabulary.size()),
      unknown_(static_cast<std::size_t>(vocabulary.size())),
      forbidden_(unknown_.size()),
      wanted_not_(unknown_.size()),
      allowed_(unknown_.size()),
      logits_(unknown_.size()),
      values_(unknown_.size()) {
  require_in_range(options);
  chain.check();
  if (vocabulary.has_beats()) throw Error("sampler: songs in the language of beats cannot be sampled");
  // Without the grammar whatever the model writes is taken.
  const int tracks =
      profile.programs.empty() || !options.grammar ? track_count : static_cast<int>(profile.programs.size());
  for (const Token track : vocabulary.tokens(TokenKind::track))
    if (vocabulary[track].value >= tracks) unknown_[static_cast<std::size_t>(track)] = 1;
  try {
    forbidden_ = unknown_;
    grammar_.forbid(forbidden_);
    update_forbidden(chain);
    require_notes();
  } catch (const Error& error) {
    throw Error(std::string("sampler: ") + error.what());
  }
}

/// Who listens to a stream without notes waits for ever.
MUSICGEN_INLINE void SongWriter::require_notes() {
  SongState song;
  song.advance({TokenKind::start, 0});
  grammar_.allowed(song, allowed_);
  for (const Token on : vocabulary().tokens(TokenKind::note_on))
    if (allowed_[static_cast<std::size_t>(on)]) return;
  throw Error("the processors leave no note to play on a track that the model knows");
}

/// Tells the grammar what is forbidden whatever the song.
MUSICGEN_INLINE void SongWriter::update_forbidden(const AnyProcessor& chain) {
  std::copy(unknown_.begin(), unknown_.end(), wanted_not_.begin());
  chain.add_forbidden(vocabulary(), wanted_not_);
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
    song.state.advance(event);
    chain.observe(event, song.state);
    song.last = token;
  }
  song.state.end_prompt();
}

MUSICGEN_INLINE Token SongWriter::choose(SongInProgress& song, AnyProcessor& chain, const Limit& limit) {
  const double log_sum = log_sum_exp(logits_);
  if (song.state.group() == SongState::Group::none) update_forbidden(chain);
  mask(song.state, limit);
  for (std::size_t v = 0; v < values_.size(); ++v) values_[v] = allowed_[v] ? logits_[v] : Logits::forbidden;
  chain.apply(Logits(values_, vocabulary(), options.grammar ? &grammar_ : nullptr), song.state);
  if (std::all_of(values_.begin(), values_.end(), [](double x) { return x == Logits::forbidden; })) {
    rest_instead(song.state);
    song.irregular = true;
  }
  const Token chosen =
      sampler_.choose(values_, {options.temperature, options.top_k, options.top_p, options.min_p}, song.random);
  const Token token = cut(chosen, limit.steps - song.state.steps());
  song.over = token == no_token;
  if (song.over) return token;
  const TokenEvent event = vocabulary()[token];
  song.step = song.state.advance(event);
  song.last = token;
  song.log_probability = logits_[static_cast<std::size_t>(token)] - log_sum;
  chain.observe(event, song.state);
  return token;
}

/// What may come by the grammar, or without it by what is forbidden whatever the song.
MUSICGEN_INLINE void SongWriter::mask(const SongState& song, const Limit& limit) {
  if (options.grammar)
    grammar_.allowed(song, allowed_);
  else
    for (std::size_t v = 0; v < allowed_.size(); ++v) allowed_[v] = forbidden_[v] == 0;
  // Where nothing else is left, rest_instead() lets time pass: rules may change while a stream plays.
  if (limit.end_waits && song.steps() < limit.steps) allowed_[static_cast<std::size_t>(vocabulary().end())] = 0;
}

/// The rules forbid all that the grammar allows. They are kept to: what sounds may end, and time may pass, even where
/// the grammar would have something else.
MUSICGEN_INLINE void SongWriter::rest_instead(const SongState& song) {
  const auto bring_back = [&](Token token) {
    values_[static_cast<std::size_t>(token)] = logits_[static_cast<std::size_t>(token)];
  };
  const auto allowed = [&](Token token) { return allowed_[static_cast<std::size_t>(token)] != 0; };
  if (song.group() == SongState::Group::off)
    for (const Token track : vocabulary().tokens(TokenKind::track))
      if (allowed(track) && song.is_sounding(song.group_pitch(), vocabulary()[track].value)) return bring_back(track);
  if (song.group() == SongState::Group::none && song.sounding() > 0)
    for (const Token off : vocabulary().tokens(TokenKind::note_off))
      if (allowed(off) && song.sounding_tracks(vocabulary()[off].value) != 0) bring_back(off);
  for (const Token time : vocabulary().tokens(TokenKind::time))
    if (!grammar_.is_forbidden(time)) bring_back(time);
}

/// A time token no longer than `left`: itself, or the longest that is not forbidden; `no_token` if there is none. Any
/// other token as it is.
MUSICGEN_INLINE Token SongWriter::cut(Token token, std::int64_t left) const {
  const TokenEvent m = vocabulary()[token];
  if (m.kind != TokenKind::time || m.value <= left) return token;
  for (int steps = static_cast<int>(left); steps > 0; --steps)
    if (const Token shorter = vocabulary().time(steps); !grammar_.is_forbidden(shorter)) return shorter;
  return no_token;
}

}  // namespace musicgen::inline MUSICGEN_ABI
