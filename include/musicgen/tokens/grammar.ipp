// Definitions of grammar.hpp.
#pragma once

#include <algorithm>
#include <string>

#include "../core/error.hpp"
#include "grammar.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE GrammarRules::GrammarRules(const Vocabulary& vocabulary, GrammarOptions options)
    : vocabulary_(vocabulary),
      canonical_(options.canonical),
      has_beats_(vocabulary.has_beats()),
      usable_(static_cast<std::size_t>(vocabulary.size()), 1),
      all_ons_(words_of(TokenKind::note_on)),
      all_velocities_(words_of(TokenKind::velocity)),
      all_times_(words_of(TokenKind::time)),
      tracks_(words_of(TokenKind::track)),
      offs_(words_of(TokenKind::note_off)) {
  ons_.reserve(all_ons_.size());
  velocities_.reserve(all_velocities_.size());
  times_.reserve(all_times_.size());
  for (auto kind = static_cast<std::size_t>(TokenKind::bar); kind < token_kind_count; ++kind) {
    const auto words = words_of(static_cast<TokenKind>(kind));
    plan_.insert(plan_.end(), words.begin(), words.end());
  }
  forbid(options.forbidden);
}

MUSICGEN_INLINE std::vector<GrammarRules::Numbered> GrammarRules::words_of(TokenKind kind) const {
  std::vector<Numbered> found;
  for (const Token t : vocabulary_.tokens(kind))
    found.push_back({static_cast<std::uint16_t>(t), static_cast<std::uint8_t>(vocabulary_[t].value)});
  return found;
}

MUSICGEN_INLINE void GrammarRules::forbid(std::span<const std::uint8_t> forbidden) {
  if (!forbidden.empty() && forbidden.size() != usable_.size())
    throw Error("grammar: " + std::to_string(forbidden.size()) + " entries of forbidden tokens for a vocabulary of " +
                std::to_string(usable_.size()));
  const auto stays = [&](Numbered word) { return forbidden.empty() || forbidden[word.token] == 0; };
  Tracks usable_tracks = 0;
  for (const Numbered track : tracks_)
    if (stays(track)) usable_tracks = static_cast<Tracks>(usable_tracks | 1u << track.value);
  const bool has_notes = usable_tracks != 0 && std::any_of(all_velocities_.begin(), all_velocities_.end(), stays);
  const auto can_be_said = [&](Numbered on) {
    return has_notes && stays(on) && vocabulary_.note_off(on.value) != no_token;
  };
  if (std::none_of(all_times_.begin(), all_times_.end(), stays)) throw Error("grammar: every time token is forbidden");
  if (!forbidden.empty() && forbidden[static_cast<std::size_t>(vocabulary_.end())] != 0 &&
      std::none_of(all_ons_.begin(), all_ons_.end(), can_be_said))
    throw Error("grammar: \"$\" is forbidden, and so is every note");

  for (std::size_t t = 0; t < usable_.size(); ++t) usable_[t] = forbidden.empty() || forbidden[t] == 0;
  const auto keep = [](const std::vector<Numbered>& all, std::vector<Numbered>& kept, const auto& condition) {
    kept.clear();
    for (const Numbered word : all)
      if (condition(word)) kept.push_back(word);
  };
  keep(all_ons_, ons_, can_be_said);
  keep(all_velocities_, velocities_, stays);
  keep(all_times_, times_, stays);
  playable_.fill(0);
  for (const Numbered on : ons_) playable_[on.value] = usable_tracks;
}

MUSICGEN_INLINE bool GrammarRules::plan_may_come(const SongState& song, TokenEvent word) const {
  const SongState::Place& place = song.place();
  if (word.kind == TokenKind::bar) return is_at_bar_line(song);
  if (is_at_bar_line(song)) return false;
  if (place.last == TokenKind::tempo) return word.kind == TokenKind::fine_tempo;
  if (place.last == TokenKind::phrase) return word.kind == TokenKind::phrase_bars;
  if (word.kind <= place.last) return false;
  switch (word.kind) {
    case TokenKind::fine_tempo:
    case TokenKind::phrase_bars:
      return false;
    case TokenKind::key:
      return place.bars == 1;
    case TokenKind::phrase:
      return place.bars_left == 0 && place.bar_steps == 0 && (place.bars == 1 || place.phrase != 0);
    case TokenKind::repeat:
      return place.bars_left > 0 && place.returns > 0 && place.bar_steps == 0;
    case TokenKind::chord:
      return !needs_phrase(song) && place.bar_steps % beat_steps(song.meter()) == 0;
    default:
      return place.bar_steps == 0;
  }
}

MUSICGEN_INLINE auto GrammarRules::first_sounding(const SongState& song, int pitch) -> Tracks {
  unsigned used = 0;
  for (int p = 0; p < pitch_count; ++p) used |= song.sounding_tracks(p);
  const unsigned first = used & (~used + 1);
  for (int p = 0; p < pitch; ++p)
    if (song.sounding_tracks(p) & first) return 0;
  return static_cast<Tracks>(song.sounding_tracks(pitch) & first);
}

MUSICGEN_INLINE bool GrammarRules::allows(const SongState& song, Token token) const {
  if (token < 0 || token >= vocabulary_.size()) return false;
  const TokenEvent m = vocabulary_[token];
  const bool usable = !is_forbidden(token);
  if (!song.started()) return m.kind == TokenKind::start;
  if (song.ended()) return false;
  switch (song.group()) {
    case SongState::Group::none:
      if (m.kind >= TokenKind::bar) return usable && plan_may_come(song, m);
      if (is_at_bar_line(song)) return m.kind == TokenKind::end && song.place().bars == 0;
      if (is_half(song)) return false;
      switch (m.kind) {
        case TokenKind::note_on:
          return may_sound(song) && startable(song, m.value) != 0;
        case TokenKind::note_off:
          return endable(song, m.value) != 0;
        case TokenKind::time:
          return usable && time_may_come(song) && fits_bar(song, m.value);
        case TokenKind::end:
          return usable && end_may_come(song);
        default:
          return false;
      }
    case SongState::Group::on:
      return usable && m.kind == TokenKind::velocity;
    case SongState::Group::on_velocity:
      return m.kind == TokenKind::track && (startable(song, song.group_pitch()) >> m.value & 1);
    case SongState::Group::off:
      return m.kind == TokenKind::track && (endable(song, song.group_pitch()) >> m.value & 1);
  }
  return false;
}

MUSICGEN_INLINE void GrammarRules::allowed(const SongState& song, std::span<std::uint8_t> mask) const {
  if (mask.size() != usable_.size())
    throw Error("grammar: a mask of " + std::to_string(mask.size()) + " for a vocabulary of " +
                std::to_string(usable_.size()));
  std::fill(mask.begin(), mask.end(), std::uint8_t{0});
  if (!song.started()) {
    mask[static_cast<std::size_t>(vocabulary_.start())] = 1;
    return;
  }
  if (song.ended()) return;
  switch (song.group()) {
    case SongState::Group::none:
      for (const Numbered word : plan_) mask[word.token] = allows(song, word.token);
      if (is_at_bar_line(song)) {
        mask[static_cast<std::size_t>(vocabulary_.end())] = allows(song, vocabulary_.end());
        return;
      }
      if (is_half(song)) return;
      if (may_sound(song))
        for (const Numbered on : ons_) mask[on.token] = startable(song, on.value) != 0;
      if (song.sounding() > 0)
        for (const Numbered off : offs_) mask[off.token] = endable(song, off.value) != 0;
      if (time_may_come(song))
        for (const Numbered time : times_) mask[time.token] = fits_bar(song, time.value);
      if (end_may_come(song)) {
        const auto end = static_cast<std::size_t>(vocabulary_.end());
        mask[end] = usable_[end];
      }
      break;
    case SongState::Group::on:
      for (const Numbered velocity : velocities_) mask[velocity.token] = 1;
      break;
    case SongState::Group::on_velocity:
    case SongState::Group::off:
      for (const std::uint32_t tracks = song.group() == SongState::Group::off ? endable(song, song.group_pitch())
                                                                              : startable(song, song.group_pitch());
           const Numbered track : tracks_)
        mask[track.token] = tracks >> track.value & 1;
      break;
  }
}

MUSICGEN_INLINE bool GrammarRules::is_stuck(const SongState& song) const {
  if (song.ended()) return false;
  for (Token token = 0; token < vocabulary_.size(); ++token)
    if (allows(song, token)) return false;
  return true;
}

MUSICGEN_INLINE void GrammarRules::refuse(const SongState& song, Token token) const {
  const bool known = token >= 0 && token < vocabulary_.size();
  std::string expected;
  for (std::size_t k = 0; k < token_kind_count; ++k) {
    const auto kind = static_cast<TokenKind>(k);
    int count = 0;
    Token example = no_token;
    for (Token t = 0; t < vocabulary_.size(); ++t)
      if (vocabulary_[t].kind == kind && allows(song, t) && count++ == 0) example = t;
    if (count == 0) continue;
    expected += expected.empty() ? "" : ", ";
    expected += known && vocabulary_[token].kind == kind ? "another such as \"" : "\"";
    expected += vocabulary_.name(example) + "\"" + (count > 1 ? " (one of " + std::to_string(count) + ")" : "");
  }
  throw Error("grammar: token " + std::to_string(song.position()) + ", " +
              (known ? "\"" + vocabulary_.name(token) + "\"" : std::to_string(token)) +
              ", cannot come here; expected " + (expected.empty() ? "nothing more" : expected));
}

MUSICGEN_INLINE void Grammar::forbid(std::span<const std::uint8_t> forbidden) {
  if (song_.group() != SongState::Group::none)
    throw Error("grammar: tokens cannot be forbidden in the middle of a note");
  const auto changed =
      std::make_shared<const GrammarRules>(vocabulary(), GrammarOptions{rules_->canonical(), forbidden});
  if (changed->is_stuck(song_)) throw Error("grammar: the forbidden tokens leave none that may come now");
  rules_ = changed;
}

MUSICGEN_INLINE Closing closing(const GrammarRules& rules, const SongState& song) {
  const Vocabulary& vocabulary = rules.vocabulary();
  Closing end;
  if (song.ended()) return end;
  if (!song.started()) end.tokens.push_back(vocabulary.start());
  end.drop = song.group_length();
  if (song.sounding() == 0) {
    end.drop += song.silent_tokens();
  } else {
    end.drop += GrammarRules::is_half(song);
    // The time token, if one is needed, and a bar line where a bar is full.
    const auto bar_line = [&](int left) {
      if (vocabulary.has_beats() && left == 0) end.tokens.push_back(vocabulary.find(TokenKind::bar));
    };
    bar_line(song.bar_left());
    if (song.time_tokens() == 0 && !GrammarRules::needs_phrase(song)) {
      const Token time = rules.shortest_time();
      end.tokens.push_back(time);
      bar_line(song.bar_left() - vocabulary[time].value);
    }
  }
  song.for_each_sounding([&](int pitch, int track) {
    end.tokens.push_back(vocabulary.note_off(pitch));
    end.tokens.push_back(vocabulary.track(track));
  });
  end.tokens.push_back(vocabulary.end());
  return end;
}

}  // namespace musicgen::inline MUSICGEN_ABI
