// What may come next, as a mask over the vocabulary. With A = the sounding (pitch, track) pairs:
//
//   at first      `^`
//   free          +p  if some track does not sound p                    $   if A is empty
//                 -p  if some track sounds p since before the last tN   tN  but not right after `^`, nor after t1..t99
//   after +p      vN, then iK with (p,K) not in A
//   after -p      iK with (p,K) in A since before the last tN
//   after `$`     nothing
//
// The canonical grammar adds the order that the encoder writes. Within a step: offs before ons, each by track, then
// pitch; and no gap before `$`. Songs under it survive decoding and encoding token by token.
//
// Neither can be led into a dead end. At a free position tN may come, save after `^` and t1..t99. After `^` come the
// ons or, if no note can be said, `$`; after t1..t99 the offs of what sounds, in any order that a new step allows, and
// if nothing sounds, `$` or, where that may not come, the ons. A token that begins a group looks ahead for its end.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct GrammarOptions {
  bool canonical = false;                        ///< the stricter grammar, of models trained on canonical tokens
  std::span<const std::uint8_t> forbidden = {};  ///< (V) or none; see Grammar::forbid
};

/// Follows a song token by token and knows what may come next. A copy is a snapshot; after construction nothing
/// allocates but `forbid` and errors.
class Grammar {
 public:
  /// Waits for `^`.
  /// @throws Error  as `forbid`
  explicit Grammar(const Vocabulary& vocabulary, GrammarOptions options = {})
      : rules_(std::make_shared<const Rules>(vocabulary, options)) {}

  /// From here on, at a free position, treats the tokens with a nonzero entry as absent from the vocabulary, and those
  /// forbidden before as present. `^` and the offs of sounding notes always stay possible.
  /// @param forbidden  (V), or empty for none
  /// @throws Error  for another size, inside a group, or if it would leave no way on: every time token forbidden, all
  ///                notes and `$`, or just what would have to come now
  void forbid(std::span<const std::uint8_t> forbidden) {
    if (state_ != State::start && state_ != State::free && state_ != State::end)
      throw Error("grammar: tokens cannot be forbidden in the middle of a note");
    Grammar changed = *this;
    changed.rules_ = std::make_shared<const Rules>(rules_->vocabulary, GrammarOptions{rules_->canonical, forbidden});
    if (changed.is_stuck()) throw Error("grammar: the forbidden tokens leave none that may come now");
    *this = std::move(changed);
  }

  /// Whether `token` may come next; false for a number outside the vocabulary.
  bool allows(Token token) const {
    if (token < 0 || token >= rules_->vocabulary.size()) return false;
    const TokenEvent m = rules_->vocabulary[token];
    const bool usable = rules_->usable[static_cast<std::size_t>(token)] != 0;
    switch (state_) {
      case State::start:
        return m.kind == TokenKind::start;
      case State::free:
        switch (m.kind) {
          case TokenKind::note_on:
            return startable(m.value) != 0;
          case TokenKind::note_off:
            return endable(m.value) != 0;
          case TokenKind::time:
            return usable && time_may_come();
          case TokenKind::end:
            return usable && end_may_come();
          default:
            return false;
        }
      case State::on:
        return usable && m.kind == TokenKind::velocity;
      case State::on_velocity:
        return m.kind == TokenKind::track && (startable(pitch_) >> m.value & 1);
      case State::off:
        return m.kind == TokenKind::track && (endable(pitch_) >> m.value & 1);
      default:
        return false;
    }
  }

  /// The whole mask: 1 for a token that may come next, 0 for one that may not.
  /// @param mask  (V), assigned
  void allowed(std::span<std::uint8_t> mask) const {
    const Rules& rules = *rules_;
    if (mask.size() != rules.usable.size())
      throw Error("grammar: a mask of " + std::to_string(mask.size()) + " for a vocabulary of " +
                  std::to_string(rules.usable.size()));
    std::fill(mask.begin(), mask.end(), std::uint8_t{0});
    switch (state_) {
      case State::start:
        mask[static_cast<std::size_t>(rules.vocabulary.start())] = 1;
        break;
      case State::free:
        for (const Numbered on : rules.ons) mask[on.token] = startable(on.value) != 0;
        for (const Numbered off : rules.offs) mask[off.token] = endable(off.value) != 0;
        if (time_may_come())
          for (const Numbered time : rules.times) mask[time.token] = 1;
        if (end_may_come()) {
          const auto end = static_cast<std::size_t>(rules.vocabulary.end());
          mask[end] = rules.usable[end];
        }
        break;
      case State::on:
        for (const Numbered velocity : rules.velocities) mask[velocity.token] = 1;
        break;
      case State::on_velocity:
      case State::off:
        for (const std::uint32_t tracks = state_ == State::off ? endable(pitch_) : startable(pitch_);
             const Numbered track : rules.tracks)
          mask[track.token] = tracks >> track.value & 1;
        break;
      case State::end:
        break;
    }
  }

  /// Goes on by a token.
  /// @throws Error  if it is not allowed; then nothing has changed
  void advance(Token token) {
    if (!allows(token)) refuse(token);
    const TokenEvent m = rules_->vocabulary[token];
    switch (m.kind) {
      case TokenKind::start:
        state_ = State::free;
        break;
      case TokenKind::end:
        state_ = State::end;
        break;
      case TokenKind::time:
        pass_time(m.value);
        break;
      case TokenKind::note_on:
      case TokenKind::note_off:
        state_ = m.kind == TokenKind::note_on ? State::on : State::off;
        pitch_ = m.value;
        break;
      case TokenKind::velocity:
        state_ = State::on_velocity;
        break;
      case TokenKind::track:
        finish_group(m.value);
        break;
    }
    ++position_;
  }

  std::int64_t position() const { return position_; }  ///< tokens so far
  std::int64_t steps() const { return steps_; }        ///< time so far, in steps of 10 ms
  bool started() const { return state_ != State::start; }
  bool ended() const { return state_ == State::end; }              ///< `$` has come
  bool at_free_position() const { return state_ == State::free; }  ///< between groups, started and not ended
  /// Tokens of the group begun and not finished, 0..2.
  int group_length() const {
    return state_ == State::on_velocity ? 2 : state_ == State::on || state_ == State::off ? 1 : 0;
  }
  bool is_ending() const { return state_ == State::off; }  ///< in a group that ends a note
  /// Whether a note that sounds may be ended in this step.
  bool can_end(int pitch, int track) const { return (endable(pitch) >> track & 1) != 0; }
  /// Time tokens since the last note event; an unfinished group is not one.
  int time_tokens() const { return time_tokens_; }
  int sounding() const { return sounding_count_; }  ///< notes
  bool is_sounding(int pitch, int track) const { return sounding_[index(pitch)] >> track & 1; }
  /// Calls `visit(pitch, track)` for each sounding note, by track, then pitch.
  template <class Visit>
  void for_each_sounding(Visit&& visit) const {
    for (int track = 0; track < track_count; ++track)
      for (int pitch = 0; pitch < pitch_count; ++pitch)
        if (is_sounding(pitch, track)) visit(pitch, track);
  }

  const Vocabulary& vocabulary() const { return rules_->vocabulary; }
  bool canonical() const { return rules_->canonical; }
  /// The shortest time token that is not forbidden.
  Token shortest_time() const { return static_cast<Token>(rules_->times.front().token); }

 private:
  using Tracks = std::uint16_t;  // a bit each
  static constexpr Tracks all_tracks = 0xFFFF;

  enum class State : std::uint8_t { start, free, on, on_velocity, off, end };

  struct Numbered {
    std::uint16_t token;
    std::uint8_t value;
  };

  // What does not change from token to token.
  struct Rules {
    Rules(const Vocabulary& words, GrammarOptions options);

    Vocabulary vocabulary;
    bool canonical;
    std::vector<std::uint8_t> usable;  // (V) not forbidden
    std::vector<Numbered> ons;         // of the notes that can be said: on, off, a velocity and a track
    std::vector<Numbered> offs, velocities, tracks, times;
    std::array<Tracks, pitch_count> playable{};
  };

  // The tracks whose (track, pitch) comes after that of the last off, or on, of the step.
  struct Order {
    Tracks from_track = all_tracks, after_track = all_tracks;
    int pitch = 0;

    Tracks after(int p) const { return p > pitch ? from_track : after_track; }
    static Order none() { return {0, 0, 0}; }
    static Order beyond(int track, int pitch) {
      return {static_cast<Tracks>(all_tracks << track), static_cast<Tracks>(all_tracks << track << 1), pitch};
    }
  };

  static std::size_t index(int pitch) { return static_cast<std::size_t>(pitch); }

  /// The tracks on which `pitch` can start, or end, now.
  Tracks startable(int pitch) const {
    return static_cast<Tracks>(rules_->playable[index(pitch)] & ~sounding_[index(pitch)] & on_order_.after(pitch));
  }
  Tracks endable(int pitch) const {
    return static_cast<Tracks>(sounding_[index(pitch)] & ~fresh_[index(pitch)] & off_order_.after(pitch));
  }
  bool time_may_come() const {
    // Where no note can be said and none sounds, only `$` is left to come, and the canonical `$` follows no gap.
    return !gap_is_closed_ && (!rules_->canonical || sounding_count_ > 0 || !rules_->ons.empty());
  }
  bool end_may_come() const { return sounding_count_ == 0 && !(rules_->canonical && time_tokens_ > 0); }

  bool is_stuck() const {
    if (ended()) return false;
    for (Token token = 0; token < rules_->vocabulary.size(); ++token)
      if (allows(token)) return false;
    return true;
  }

  void pass_time(int steps) {
    steps_ += steps;
    ++time_tokens_;
    gap_is_closed_ = steps < max_time_steps;
    fresh_.fill(0);
    off_order_ = on_order_ = Order{};
  }

  void finish_group(int track) {
    const auto bit = static_cast<Tracks>(1u << track);
    sounding_[index(pitch_)] ^= bit;
    if (state_ == State::off) {
      --sounding_count_;
      if (rules_->canonical) off_order_ = Order::beyond(track, pitch_);
    } else {
      ++sounding_count_;
      fresh_[index(pitch_)] |= bit;
      if (rules_->canonical) {
        off_order_ = Order::none();
        on_order_ = Order::beyond(track, pitch_);
      }
    }
    state_ = State::free;
    gap_is_closed_ = false;
    time_tokens_ = 0;
  }

  [[noreturn]] void refuse(Token token) const;

  std::shared_ptr<const Rules> rules_;
  std::array<Tracks, pitch_count> sounding_{};  // A, by pitch
  std::array<Tracks, pitch_count> fresh_{};     // those of A that began in this step
  Order off_order_, on_order_;                  // what is left of the step; canonical only
  std::int64_t steps_ = 0, position_ = 0;
  int sounding_count_ = 0, time_tokens_ = 0;
  int pitch_ = 0;  // of the group
  State state_ = State::start;
  bool gap_is_closed_ = true;  // no tN may follow
};

inline Grammar::Rules::Rules(const Vocabulary& words, GrammarOptions options)
    : vocabulary(words), canonical(options.canonical), usable(static_cast<std::size_t>(words.size()), 1) {
  const auto& forbidden = options.forbidden;
  if (!forbidden.empty() && forbidden.size() != usable.size())
    throw Error("grammar: " + std::to_string(forbidden.size()) + " entries of forbidden tokens for a vocabulary of " +
                std::to_string(usable.size()));
  for (std::size_t t = 0; t < forbidden.size(); ++t) usable[t] = forbidden[t] == 0;

  // The entries of a kind, by value.
  const auto words_of = [&](TokenKind kind, bool with_forbidden) {
    std::vector<Numbered> found;
    for (int value = 0; value < pitch_count; ++value)
      if (const Token t = vocabulary.find(kind, value);
          t != no_token && (with_forbidden || usable[static_cast<std::size_t>(t)]))
        found.push_back({static_cast<std::uint16_t>(t), static_cast<std::uint8_t>(value)});
    return found;
  };
  velocities = words_of(TokenKind::velocity, false);
  times = words_of(TokenKind::time, false);
  tracks = words_of(TokenKind::track, true);
  offs = words_of(TokenKind::note_off, true);

  Tracks usable_tracks = 0;
  for (const Numbered track : words_of(TokenKind::track, false))
    usable_tracks = static_cast<Tracks>(usable_tracks | 1u << track.value);
  for (const Numbered on : words_of(TokenKind::note_on, false))
    if (vocabulary.note_off(on.value) != no_token && usable_tracks != 0 && !velocities.empty()) {
      ons.push_back(on);
      playable[on.value] = usable_tracks;
    }

  if (times.empty()) throw Error("grammar: every time token is forbidden");
  if (ons.empty() && !usable[static_cast<std::size_t>(vocabulary.end())])
    throw Error("grammar: \"$\" is forbidden, and so is every note");
}

inline void Grammar::refuse(Token token) const {
  const Vocabulary& vocabulary = rules_->vocabulary;
  const bool known = token >= 0 && token < vocabulary.size();
  std::string expected;
  for (const TokenKind kind : {TokenKind::note_on, TokenKind::note_off, TokenKind::velocity, TokenKind::track,
                               TokenKind::time, TokenKind::start, TokenKind::end}) {
    int count = 0;
    Token example = no_token;
    for (Token t = 0; t < vocabulary.size(); ++t)
      if (vocabulary[t].kind == kind && allows(t) && count++ == 0) example = t;
    if (count == 0) continue;
    expected += expected.empty() ? "" : ", ";
    expected += known && vocabulary[token].kind == kind ? "another such as \"" : "\"";
    expected += vocabulary.name(example) + "\"" + (count > 1 ? " (one of " + std::to_string(count) + ")" : "");
  }
  throw Error("grammar: token " + std::to_string(position_) + ", " +
              (known ? "\"" + vocabulary.name(token) + "\"" : std::to_string(token)) + ", cannot come here; expected " +
              (expected.empty() ? "nothing more" : expected));
}

/// How to end a song where it stands.
struct Closing {
  int drop = 0;  ///< take away as many tokens at the end first: an unfinished group, and a gap after the last off
  std::vector<Token> tokens;  ///< then add these
};

/// The shortest end of a song that is grammatical under both masks: after a note event the shortest time step; the offs
/// of all that sounds, by track and pitch; `$`. It says `$` even where that is forbidden, and `^ $` for a song that has
/// not begun; a song that has ended needs nothing.
inline Closing closing(const Grammar& grammar) {
  const Vocabulary& vocabulary = grammar.vocabulary();
  Closing end;
  if (grammar.ended()) return end;
  if (!grammar.started()) end.tokens.push_back(vocabulary.start());
  end.drop = grammar.group_length();
  if (grammar.sounding() == 0)
    end.drop += grammar.time_tokens();
  else if (grammar.time_tokens() == 0)
    end.tokens.push_back(grammar.shortest_time());
  grammar.for_each_sounding([&](int pitch, int track) {
    end.tokens.push_back(vocabulary.note_off(pitch));
    end.tokens.push_back(vocabulary.track(track));
  });
  end.tokens.push_back(vocabulary.end());
  return end;
}

}  // namespace musicgen::inline MUSICGEN_ABI
