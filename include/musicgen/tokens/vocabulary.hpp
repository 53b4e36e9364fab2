// The words of the language: what each token means, and its number.
//
//   +p  note on, pitch p 0..127        -p  note off       vN  velocity, 31 values       iK  track K 0..15
//   tN  N steps of 10 ms, N 1..100      ^  start           $  end
//
// A note on is the triple  +p vN iK,  a note off the pair  -p iK,  time steps stand between. The standard vocabulary
// has all 405 and depends on no corpus; any other set of the same words works too (each in a number of its own), and
// is kept in the checkpoint of the model that was trained on it.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The number of a token in a vocabulary, 0..V-1.
using Token = std::int32_t;
inline constexpr Token no_token = -1;

inline constexpr double step_seconds = 0.01;  ///< the time grid of tokens
inline constexpr int pitch_count = 128, track_count = 16, max_time_steps = 100;

enum class TokenKind : std::uint8_t { note_on, note_off, velocity, track, time, start, end };
inline constexpr std::size_t token_kind_count = static_cast<std::size_t>(TokenKind::end) + 1;

/// "note_on"
inline const char* to_string(TokenKind kind) {
  constexpr std::array<const char*, token_kind_count> names{"note_on", "note_off", "velocity", "track",
                                                            "time",    "start",    "end"};
  return names[static_cast<std::size_t>(kind)];
}

/// What a token says: `value` is the pitch, velocity, track or number of steps; 0 for `^` and `$`.
struct TokenEvent {
  TokenKind kind;
  int value;
  bool operator==(const TokenEvent&) const = default;
};

/// The 31 velocities that tokens tell apart: 10, then int(k * 127/32) for k = 3..32.
inline constexpr std::array<int, 31> velocity_values = [] {
  std::array<int, 31> values{10};
  for (int k = 3; k <= 32; ++k) values[static_cast<std::size_t>(k - 2)] = k * 127 / 32;
  return values;
}();

/// The velocity that stands for `velocity` (1..127): int(round(v/q) q), q = 127/32, and never under 10.
inline int quantized_velocity(int velocity) {
  if (velocity <= velocity_values.front()) return velocity_values.front();
  return static_cast<int>(std::lround(velocity * 32 / 127.0)) * 127 / 32;
}

class Vocabulary {
 public:
  /// All 405 tokens: +0..+127, -0..-127, v10..v127, i0..i15, t1..t100, ^, $.
  static Vocabulary standard() {
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

  /// @param texts  "+60", "v79", ... in the order of their numbers
  /// @throws Error  for a word that is none, a word twice, or a vocabulary without `^`, `$`, velocities, tracks or
  ///                one of t1..t100
  static Vocabulary from_names(std::span<const std::string> names) {
    std::vector<TokenEvent> all;
    for (const std::string& text : names) {
      const auto event = parse(text);
      if (!event) throw Error("vocabulary: \"" + text + "\" is no token");
      all.push_back(*event);
    }
    return Vocabulary(std::move(all));
  }

  /// V
  int size() const { return static_cast<int>(events_.size()); }

  /// What `token` means; it must be in [0, V).
  TokenEvent operator[](Token token) const { return events_[static_cast<std::size_t>(token)]; }

  /// The token's number, `no_token` where the vocabulary lacks it or nothing can mean that.
  Token find(TokenKind kind, int value = 0) const {
    const auto& numbers = numbers_[static_cast<std::size_t>(kind)];
    return value >= 0 && value < pitch_count ? numbers[static_cast<std::size_t>(value)] : no_token;
  }
  Token note_on(int pitch) const { return find(TokenKind::note_on, pitch); }
  Token note_off(int pitch) const { return find(TokenKind::note_off, pitch); }
  Token velocity(int value) const { return find(TokenKind::velocity, value); }
  Token track(int k) const { return find(TokenKind::track, k); }
  Token time(int steps) const { return find(TokenKind::time, steps); }
  Token start() const { return find(TokenKind::start); }
  Token end() const { return find(TokenKind::end); }
  /// The number of the token written `text`, `no_token` if there is none.
  Token find(std::string_view text) const {
    const auto event = parse(text);
    return event ? find(event->kind, event->value) : no_token;
  }

  /// "+60", "-60", "v79", "i0", "t25", "^", "$"
  std::string name(Token token) const { return to_name((*this)[token]); }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const TokenEvent& m : events_) all.push_back(to_name(m));
    return all;
  }

  bool operator==(const Vocabulary& other) const { return events_ == other.events_; }

  static std::string to_name(TokenEvent event) {
    const char letter = "+-vit^$"[static_cast<std::size_t>(event.kind)];
    const bool has_value = event.kind != TokenKind::start && event.kind != TokenKind::end;
    return letter + (has_value ? std::to_string(event.value) : std::string());
  }

  /// What `text` means, nothing if it is no token of any vocabulary.
  static std::optional<TokenEvent> parse(std::string_view text) {
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
    return is_word(event) && to_name(event) == text ? std::optional(event) : std::nullopt;
  }

 private:
  explicit Vocabulary(std::vector<TokenEvent> events) : events_(std::move(events)) {
    for (auto& numbers : numbers_) numbers.fill(no_token);
    for (std::size_t i = 0; i < events_.size(); ++i) {
      const TokenEvent m = events_[i];
      Token& number = numbers_[static_cast<std::size_t>(m.kind)][static_cast<std::size_t>(m.value)];
      if (number != no_token) throw Error("vocabulary: \"" + to_name(m) + "\" appears twice");
      number = static_cast<Token>(i);
    }
    require({TokenKind::start, 0});
    require({TokenKind::end, 0});
    for (int n = 1; n <= max_time_steps; ++n) require({TokenKind::time, n});
    for (const TokenKind kind : {TokenKind::velocity, TokenKind::track})
      if (std::none_of(events_.begin(), events_.end(), [&](TokenEvent m) { return m.kind == kind; }))
        throw Error(kind == TokenKind::velocity ? "vocabulary: has no velocity" : "vocabulary: has no track");
  }

  void require(TokenEvent event) const {
    if (find(event.kind, event.value) == no_token) throw Error("vocabulary: lacks \"" + to_name(event) + "\"");
  }

  static bool is_word(TokenEvent m) {
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

  std::vector<TokenEvent> events_;                                        // by token
  std::array<std::array<Token, pitch_count>, token_kind_count> numbers_;  // by kind and value
};

}  // namespace musicgen::inline MUSICGEN_ABI
