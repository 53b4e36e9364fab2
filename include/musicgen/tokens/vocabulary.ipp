// Definitions of vocabulary.hpp.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE const char* to_string(TokenKind kind) {
  constexpr std::array<const char*, token_kind_count> names{
      "note_on", "note_off", "velocity",   "track", "time",   "start",       "end",    "bar",
      "key",     "tempo",    "fine_tempo", "meter", "phrase", "phrase_bars", "repeat", "chord"};
  return names[static_cast<std::size_t>(kind)];
}

MUSICGEN_INLINE int quantized_velocity(int velocity) {
  if (velocity <= velocity_values.front()) return velocity_values.front();
  return static_cast<int>(std::lround(std::min(velocity, 127) * 32 / 127.0)) * 127 / 32;
}

MUSICGEN_INLINE std::string chord_name(int value) {
  ChordSpan chord;
  if (value != no_chord) {
    chord.root = value / triad_count;
    chord.quality = static_cast<ChordQuality>(1 + value % triad_count);
  }
  return chord.label();
}

namespace detail {

inline bool is_word(TokenEvent m) {
  const auto within = [&](int low, int high) { return m.value >= low && m.value <= high; };
  switch (m.kind) {
    case TokenKind::note_on:
    case TokenKind::note_off:
      return within(0, pitch_count - 1);
    case TokenKind::velocity:
      return std::find(velocity_values.begin(), velocity_values.end(), m.value) != velocity_values.end();
    case TokenKind::track:
      return within(0, track_count - 1);
    case TokenKind::time:
      return within(1, max_time_steps);
    case TokenKind::start:
    case TokenKind::end:
    case TokenKind::bar:
    case TokenKind::repeat:
      return m.value == 0;
    case TokenKind::key:
      return within(0, 23);
    case TokenKind::tempo:
      return within(min_tempo / 4, max_tempo / 4);
    case TokenKind::fine_tempo:
      return within(0, 3);
    case TokenKind::meter:
      return within(0, static_cast<int>(meters.size()) - 1);
    case TokenKind::phrase:
      return within('A', 'Z') || within('a', 'z');
    case TokenKind::phrase_bars:
      return within(1, max_phrase_bars);
    case TokenKind::chord:
      return within(0, no_chord);
  }
  return false;
}

inline constexpr std::string_view kind_letters = "+-vit^$|KTFMPLRC";
static_assert(kind_letters.size() == token_kind_count);

inline std::string value_text(TokenEvent m) {
  const auto v = static_cast<std::size_t>(m.value);
  switch (m.kind) {
    case TokenKind::start:
    case TokenKind::end:
    case TokenKind::bar:
    case TokenKind::repeat:
      return {};
    case TokenKind::key:
      return pitch_class_name(m.value) + std::string(m.value < 12 ? "" : "m");
    case TokenKind::tempo:
      return std::to_string(4 * m.value);
    case TokenKind::meter:
      return to_string(meters[v]);
    case TokenKind::phrase:
      return std::string(1, static_cast<char>(m.value));
    case TokenKind::chord:
      return chord_name(m.value);
    default:
      return std::to_string(m.value);
  }
}

}  // namespace detail

namespace detail {

/// Notes, velocities, tracks, time, `^` and `$`.
inline std::vector<TokenEvent> words_of_notes(int longest_time) {
  std::vector<TokenEvent> all;
  for (int p = 0; p < pitch_count; ++p) all.push_back({TokenKind::note_on, p});
  for (int p = 0; p < pitch_count; ++p) all.push_back({TokenKind::note_off, p});
  for (int v : velocity_values) all.push_back({TokenKind::velocity, v});
  for (int k = 0; k < track_count; ++k) all.push_back({TokenKind::track, k});
  for (int n = 1; n <= longest_time; ++n) all.push_back({TokenKind::time, n});
  all.push_back({TokenKind::start, 0});
  all.push_back({TokenKind::end, 0});
  return all;
}

}  // namespace detail

MUSICGEN_INLINE Vocabulary Vocabulary::standard() {
  return Vocabulary(detail::words_of_notes(max_time_steps));
}

MUSICGEN_INLINE Vocabulary Vocabulary::beats() {
  std::vector<TokenEvent> all = detail::words_of_notes(max_beat_steps);
  for (auto kind = static_cast<std::size_t>(TokenKind::bar); kind < token_kind_count; ++kind)
    for (int value = 0; value < pitch_count; ++value)
      if (const TokenEvent word{static_cast<TokenKind>(kind), value}; detail::is_word(word)) all.push_back(word);
  return Vocabulary(std::move(all));
}

MUSICGEN_INLINE Vocabulary Vocabulary::from_names(std::span<const std::string> names) {
  std::vector<TokenEvent> all;
  for (const std::string& text : names) {
    const auto event = parse(text);
    if (!event) throw Error("vocabulary: \"" + text + "\" is not a token");
    all.push_back(*event);
  }
  return Vocabulary(std::move(all));
}

MUSICGEN_INLINE Vocabulary::Vocabulary(std::vector<TokenEvent> events) : events_(std::move(events)) {
  for (auto& numbers : numbers_) numbers.fill(no_token);
  for (std::size_t i = 0; i < events_.size(); ++i) {
    const TokenEvent m = events_[i];
    Token& number = numbers_[static_cast<std::size_t>(m.kind)][static_cast<std::size_t>(m.value)];
    if (number != no_token) throw Error("vocabulary: \"" + to_name(m) + "\" appears twice");
    number = static_cast<Token>(i);
  }
  by_value_.reserve(events_.size());
  for (std::size_t kind = 0; kind < token_kind_count; ++kind) {
    for (const Token token : numbers_[kind])
      if (token != no_token) by_value_.push_back(token);
    first_[kind + 1] = by_value_.size();
  }
  require({TokenKind::start, 0});
  require({TokenKind::end, 0});
  const int longest = has_beats() ? max_beat_steps : max_time_steps;
  for (int n = 1; n <= longest; ++n) require({TokenKind::time, n});
  for (const TokenKind kind : {TokenKind::velocity, TokenKind::track})
    if (tokens(kind).empty()) throw Error(std::string("vocabulary: has no ") + to_string(kind));
}

MUSICGEN_INLINE void Vocabulary::require(TokenEvent event) const {
  if (find(event.kind, event.value) == no_token) throw Error("vocabulary: lacks \"" + to_name(event) + "\"");
}

MUSICGEN_INLINE Token Vocabulary::find(std::string_view text) const {
  const auto event = parse(text);
  return event ? find(event->kind, event->value) : no_token;
}

MUSICGEN_INLINE std::string Vocabulary::name(Token token) const {
  if (token < 0 || token >= size())
    throw Error("token " + std::to_string(token) + ": the vocabulary has " + std::to_string(size()) + " tokens");
  return to_name((*this)[token]);
}

MUSICGEN_INLINE std::vector<std::string> Vocabulary::names() const {
  std::vector<std::string> all;
  for (const TokenEvent& m : events_) all.push_back(to_name(m));
  return all;
}

MUSICGEN_INLINE std::string Vocabulary::to_name(TokenEvent event) {
  return detail::kind_letters[static_cast<std::size_t>(event.kind)] + detail::value_text(event);
}

MUSICGEN_INLINE std::optional<TokenEvent> Vocabulary::parse(std::string_view text) {
  const auto at = text.empty() ? std::string_view::npos : detail::kind_letters.find(text[0]);
  if (at == std::string_view::npos) return std::nullopt;
  // "+07" and "^0" are not tokens, nor are values out of range.
  const auto kind = static_cast<TokenKind>(at);
  if (kind <= TokenKind::time) {  // a number
    TokenEvent event{kind, 0};
    const auto [rest, fault] = std::from_chars(text.data() + 1, text.data() + text.size(), event.value);
    const bool whole = fault == std::errc() && rest == text.data() + text.size();
    return whole && detail::is_word(event) && to_name(event) == text ? std::optional(event) : std::nullopt;
  }
  for (int value = 0; value < pitch_count; ++value)
    if (const TokenEvent event{kind, value}; detail::is_word(event) && detail::value_text(event) == text.substr(1))
      return event;
  return std::nullopt;
}

}  // namespace musicgen::inline MUSICGEN_ABI
