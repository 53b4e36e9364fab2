// Definitions of vocabulary.hpp.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE const char* to_string(TokenKind kind) {
  constexpr std::array<const char*, token_kind_count> names{"note_on", "note_off", "velocity", "track",
                                                            "time",    "start",    "end"};
  return names[static_cast<std::size_t>(kind)];
}

MUSICGEN_INLINE int quantized_velocity(int velocity) {
  if (velocity <= velocity_values.front()) return velocity_values.front();
  return static_cast<int>(std::lround(std::min(velocity, 127) * 32 / 127.0)) * 127 / 32;
}

namespace detail {

inline bool is_word(TokenEvent m) {
  switch (m.kind) {
    case TokenKind::note_on:
    case TokenKind::note_off:
      return m.value >= 0 && m.value < pitch_count;
    case TokenKind::velocity:
      return std::find(velocity_values.begin(), velocity_values.end(), m.value) != velocity_values.end();
    case TokenKind::track:
      return m.value >= 0 && m.value < track_count;
    case TokenKind::time:
      return m.value >= 1 && m.value <= max_time_steps;
    default:
      return m.value == 0;
  }
}

}  // namespace detail

MUSICGEN_INLINE Vocabulary Vocabulary::standard() {
  std::vector<TokenEvent> all;
  for (int p = 0; p < pitch_count; ++p) all.push_back({TokenKind::note_on, p});
  for (int p = 0; p < pitch_count; ++p) all.push_back({TokenKind::note_off, p});
  for (int v : velocity_values) all.push_back({TokenKind::velocity, v});
  for (int k = 0; k < track_count; ++k) all.push_back({TokenKind::track, k});
  for (int n = 1; n <= max_time_steps; ++n) all.push_back({TokenKind::time, n});
  all.push_back({TokenKind::start, 0});
  all.push_back({TokenKind::end, 0});
  return Vocabulary(std::move(all));
}

MUSICGEN_INLINE Vocabulary Vocabulary::from_names(std::span<const std::string> names) {
  std::vector<TokenEvent> all;
  for (const std::string& text : names) {
    const auto event = parse(text);
    if (!event) throw Error("vocabulary: \"" + text + "\" is no token");
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
  for (int n = 1; n <= max_time_steps; ++n) require({TokenKind::time, n});
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
    throw Error("token " + std::to_string(token) + ": the vocabulary has " + std::to_string(size()));
  return to_name((*this)[token]);
}

MUSICGEN_INLINE std::vector<std::string> Vocabulary::names() const {
  std::vector<std::string> all;
  for (const TokenEvent& m : events_) all.push_back(to_name(m));
  return all;
}

MUSICGEN_INLINE std::string Vocabulary::to_name(TokenEvent event) {
  const char letter = "+-vit^$"[static_cast<std::size_t>(event.kind)];
  const bool has_value = event.kind != TokenKind::start && event.kind != TokenKind::end;
  return letter + (has_value ? std::to_string(event.value) : std::string());
}

MUSICGEN_INLINE std::optional<TokenEvent> Vocabulary::parse(std::string_view text) {
  constexpr std::string_view letters = "+-vit^$";
  const auto kind = text.empty() ? std::string_view::npos : letters.find(text[0]);
  if (kind == std::string_view::npos) return std::nullopt;
  TokenEvent event{static_cast<TokenKind>(kind), 0};
  const std::string_view digits = text.substr(1);
  if (!digits.empty()) {
    const auto [rest, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), event.value);
    if (fault != std::errc() || rest != digits.data() + digits.size()) return std::nullopt;
  }
  // "+07" and "^0" are no tokens, and values out of range are none either.
  return detail::is_word(event) && to_name(event) == text ? std::optional(event) : std::nullopt;
}

}  // namespace musicgen::inline MUSICGEN_ABI
