// The words of both languages: what each token means, and its number.
//
//   +p  note on, pitch p 0..127        -p  note off       vN  velocity, 31 values       iK  track K 0..15
//   tN  N steps, N 1..100               ^  start           $  end
//
// A note on is the triple  +p vN iK,  a note off the pair  -p iK,  with time steps between them.
//
// In the language of performances a step is 10 ms, and there are no other words. Its vocabulary, `standard()`, has all
// 405 of them and does not depend on a corpus. In the language of beats a step is a twelfth of a quarter note, bars
// begin with `|`, and the plan of the music is written where it comes into force:
//
//   |   bar line          KEbm  key           T96 F2  tempo, 96 + 2 quarters a minute     M3/4  metre
//   PA  phrase A    L8  of 8 bars    R  the melody repeats    CG:min  chord, CN none
//
// After `R` a bar has the melody of the same bar of the phrase before with the same letter, note for note. A return
// that differs (A' in books on form) lacks it where it does.
//
// Pitches and chords are then those of C major or A minor; the key says how far everything is transposed.
//
// Any other set of these words works too, in any order; it is kept in the checkpoint of the model that was trained on
// it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../analyze/analysis.hpp"
#include "../core/config.hpp"
#include "../core/error.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The number of a token in a vocabulary, 0..V-1.
using Token = std::int32_t;
inline constexpr Token no_token = -1;

inline constexpr double step_seconds = 0.01;  ///< the time grid of tokens
inline constexpr int pitch_count = 128, track_count = 16, max_time_steps = 100;

/// The time grid of the language of beats, and its longest time token: a bar of 4/4.
inline constexpr int steps_a_quarter = 12, max_beat_steps = 48;
inline constexpr int min_tempo = 32, max_tempo = 255;  ///< quarters a minute that tokens can say
inline constexpr int max_phrase_bars = 64;
/// The length of a quarter note, as in MIDI files.
[[nodiscard]] constexpr int microseconds_a_quarter(int tempo) {
  return (60'000'000 + tempo / 2) / tempo;
}

enum class TokenKind : std::uint8_t {
  note_on,
  note_off,
  velocity,
  track,
  time,
  start,
  end,
  bar,          // from here on in the language of beats only
  key,          ///< 0..11 major on C..B, 12..23 minor
  tempo,        ///< quarters a minute / 4
  fine_tempo,   ///< the remainder of quarters a minute / 4
  meter,        ///< see `meters`
  phrase,       ///< its letter: A..Z with a melody, a..z without; i and o begin and end a song
  phrase_bars,  ///< 1..64
  repeat,       ///< the bar has the melody of the same bar of the last phrase with its letter
  chord         ///< 6 * root + quality, counted from major; 72: none
};
inline constexpr std::size_t token_kind_count = static_cast<std::size_t>(TokenKind::chord) + 1;

/// The metres of the language of beats.
inline constexpr std::array<Meter, 17> meters{{{1, 4},
                                               {2, 4},
                                               {3, 4},
                                               {4, 4},
                                               {5, 4},
                                               {6, 4},
                                               {7, 4},
                                               {8, 4},
                                               {3, 8},
                                               {5, 8},
                                               {6, 8},
                                               {7, 8},
                                               {9, 8},
                                               {12, 8},
                                               {2, 2},
                                               {3, 2},
                                               {4, 2}}};
inline constexpr int common_time = 3;  ///< the index of 4/4

/// Steps per beat, and per bar.
[[nodiscard]] constexpr int beat_steps(Meter meter) {
  return 4 * steps_a_quarter / meter.unit;
}
[[nodiscard]] constexpr int bar_steps(Meter meter) {
  return meter.beats * beat_steps(meter);
}

inline constexpr int triad_count = 6, no_chord = 12 * triad_count;

/// "Eb:min", "N"
[[nodiscard]] std::string chord_name(int chord);

/// "note_on"
[[nodiscard]] const char* to_string(TokenKind kind);

/// The meaning of a token: `value` is the pitch, velocity, track or number of steps; 0 for `^` and `$`.
struct TokenEvent {
  TokenKind kind;
  int value;
  bool operator==(const TokenEvent&) const = default;
};

/// The 31 velocities that have tokens: 10, then int(k * 127/32) for k = 3..32.
inline constexpr std::array<int, 31> velocity_values = [] {
  std::array<int, 31> values{10};
  for (int k = 3; k <= 32; ++k) values[static_cast<std::size_t>(k - 2)] = k * 127 / 32;
  return values;
}();

/// The velocity of the token for `velocity`: int(round(v/q) q), q = 127/32, but at least 10 and at most 127.
[[nodiscard]] int quantized_velocity(int velocity);

/// A set of words and their numbers. A value type: copies are independent. Several threads may read one at once.
class Vocabulary {
 public:
  /// All 405 tokens: +0..+127, -0..-127, v10..v127, i0..i15, t1..t100, ^, $.
  [[nodiscard]] static Vocabulary standard();

  /// The 645 tokens of the language of beats: notes, velocities and tracks as above, t1..t48, ^, $, and those of bars
  /// and plans.
  [[nodiscard]] static Vocabulary beats();

  /// @param names  "+60", "v79", ... in the order of their numbers
  /// @throws Error  for a text that is not a word, a repeated word, or a vocabulary without `^`, `$`, velocities,
  /// tracks
  ///                or one of t1..t100 (if there is `|`, t1..t48)
  [[nodiscard]] static Vocabulary from_names(std::span<const std::string> names);

  /// V
  [[nodiscard]] int size() const { return static_cast<int>(events_.size()); }

  /// Whether time is counted in beats and bars, not in seconds.
  [[nodiscard]] bool has_beats() const { return find(TokenKind::bar) != no_token; }
  /// The longest time token; longer gaps take several.
  [[nodiscard]] int max_steps() const { return (*this)[tokens(TokenKind::time).back()].value; }

  /// The meaning of `token`, which must be in [0, V).
  [[nodiscard]] TokenEvent operator[](Token token) const { return events_[static_cast<std::size_t>(token)]; }

  /// The number of the token, `no_token` if the vocabulary lacks it or there is no such token.
  [[nodiscard]] Token find(TokenKind kind, int value = 0) const {
    const auto& numbers = numbers_[static_cast<std::size_t>(kind)];
    return value >= 0 && value < pitch_count ? numbers[static_cast<std::size_t>(value)] : no_token;
  }
  [[nodiscard]] Token note_on(int pitch) const { return find(TokenKind::note_on, pitch); }
  [[nodiscard]] Token note_off(int pitch) const { return find(TokenKind::note_off, pitch); }
  [[nodiscard]] Token velocity(int value) const { return find(TokenKind::velocity, value); }
  [[nodiscard]] Token track(int k) const { return find(TokenKind::track, k); }
  [[nodiscard]] Token time(int steps) const { return find(TokenKind::time, steps); }
  [[nodiscard]] Token start() const { return find(TokenKind::start); }
  [[nodiscard]] Token end() const { return find(TokenKind::end); }
  /// The number of the token written `text`, `no_token` if there is none.
  [[nodiscard]] Token find(std::string_view text) const;

  /// All tokens of a kind, by value: from low to high, from soft to loud, from short to long.
  [[nodiscard]] std::span<const Token> tokens(TokenKind kind) const {
    const auto k = static_cast<std::size_t>(kind);
    return std::span(by_value_).subspan(first_[k], first_[k + 1] - first_[k]);
  }

  /// "+60", "-60", "v79", "i0", "t25", "^", "$"
  /// @throws Error  for a number that is not in [0, V)
  [[nodiscard]] std::string name(Token token) const;
  [[nodiscard]] std::vector<std::string> names() const;

  bool operator==(const Vocabulary& other) const { return events_ == other.events_; }

  [[nodiscard]] static std::string to_name(TokenEvent event);

  /// The meaning of `text`; nothing if it is not a token of any vocabulary.
  [[nodiscard]] static std::optional<TokenEvent> parse(std::string_view text);

 private:
  explicit Vocabulary(std::vector<TokenEvent> events);

  void require(TokenEvent event) const;

  std::vector<TokenEvent> events_;                                        // by token
  std::array<std::array<Token, pitch_count>, token_kind_count> numbers_;  // by kind and value
  std::vector<Token> by_value_;                                           // by kind, then value
  std::array<std::size_t, token_kind_count + 1> first_{};                 // where each kind begins in by_value_
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "vocabulary.ipp"
#endif
