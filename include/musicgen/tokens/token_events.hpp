// Groups of tokens: one event of a song is one to three tokens.
//
//   ^    +p vN iK    -p iK    tN    $    and each token of a bar or plan by itself
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "../core/config.hpp"
#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// An event of a song, or tokens that do not make one.
struct TokenGroup {
  enum class Kind : std::uint8_t {
    start,
    note_on,
    note_off,
    time,
    end,
    plan,   ///< a bar line, or a word of the plan
    broken  ///< an unfinished note on or off; or a `vN` or `iK` by itself
  };
  Kind kind;
  std::uint8_t size;      ///< tokens
  std::int64_t position;  ///< of its first token, counted from 0
  int pitch = 0;          ///< note_on, note_off
  int velocity = 0;       ///< note_on
  int track = 0;          ///< note_on, note_off
  int steps = 0;          ///< time
  bool operator==(const TokenGroup&) const = default;
};

/// Groups tokens that come one by one, as from a model. Has a fixed size and allocates nothing; a copy is a snapshot.
class TokenGrouper {
 public:
  /// Takes the next token, and passes every group that it completes to `take(TokenGroup)`: none in the middle of a
  /// note, two where the token leaves an earlier group unfinished.
  template <class Take>
  void push(TokenEvent token, Take&& take) {
    const std::int64_t position = position_++;
    if (open_.size > 0) {
      if (goes_on(token)) return void(open_.size == wanted_ ? take(close()) : void());
      take(broken(open_));
      open_.size = 0;
    }
    switch (token.kind) {
      case TokenKind::note_on:
      case TokenKind::note_off:
        return open(token, position);
      case TokenKind::time:
        return take(TokenGroup{TokenGroup::Kind::time, 1, position, 0, 0, 0, token.value});
      case TokenKind::start:
        return take(TokenGroup{TokenGroup::Kind::start, 1, position});
      case TokenKind::end:
        return take(TokenGroup{TokenGroup::Kind::end, 1, position});
      case TokenKind::velocity:
      case TokenKind::track:
        return take(TokenGroup{TokenGroup::Kind::broken, 1, position});
      default:
        return take(TokenGroup{TokenGroup::Kind::plan, 1, position});
    }
  }

  /// For the end of the tokens: the note that is left unfinished, as a broken group, if there is one.
  [[nodiscard]] std::optional<TokenGroup> finish() {
    if (open_.size == 0) return std::nullopt;
    const TokenGroup rest = broken(open_);
    open_.size = 0;
    return rest;
  }

  std::int64_t position() const { return position_; }  ///< number of tokens so far

 private:
  void open(TokenEvent token, std::int64_t position) {
    const bool is_on = token.kind == TokenKind::note_on;
    open_ = {is_on ? TokenGroup::Kind::note_on : TokenGroup::Kind::note_off, 1, position, token.value};
    wanted_ = is_on ? 3 : 2;
  }

  bool goes_on(TokenEvent token) {
    const bool wants_velocity = wanted_ == 3 && open_.size == 1;
    if (token.kind != (wants_velocity ? TokenKind::velocity : TokenKind::track)) return false;
    (wants_velocity ? open_.velocity : open_.track) = token.value;
    ++open_.size;
    return true;
  }

  TokenGroup close() {
    const TokenGroup whole = open_;
    open_.size = 0;
    return whole;
  }

  static TokenGroup broken(const TokenGroup& group) { return {TokenGroup::Kind::broken, group.size, group.position}; }

  TokenGroup open_{};  // `size` of its tokens have come; 0: none
  std::uint8_t wanted_ = 0;
  std::int64_t position_ = 0;
};

/// Passes the groups of `tokens`, in order, to `take(TokenGroup)`. Positions are counted from the first token.
/// @param tokens  all of them in the vocabulary
template <class Take>
void for_each_group(std::span<const Token> tokens, const Vocabulary& vocabulary, Take&& take) {
  TokenGrouper grouper;
  for (const Token token : tokens) grouper.push(vocabulary[token], take);
  if (const auto rest = grouper.finish()) take(*rest);
}

}  // namespace musicgen::inline MUSICGEN_ABI
