// Which tokens may come next, as a mask over the vocabulary. With A = the sounding (pitch, track) pairs:
//
//   at first      `^`
//   free          +p  if some track does not sound p                    $   if A is empty
//                 -p  if some track sounds p since before the last tN   tN  but not right after `^`, nor after t1..t99
//   after +p      vN, then iK with (p,K) not in A
//   after -p      iK with (p,K) in A since before the last tN
//   after `$`     nothing
//
// The canonical grammar adds the encoder's order: within a step offs before ons, each by track, then pitch; and no gap
// before `$`. Songs that obey it are the same token by token after decoding and encoding.
//
// In the language of beats a bar line comes first and wherever a bar is full, and nothing else may come there; time
// tokens end within their bar. After the bar line there may be, in this order: key (in the first bar), tempo, metre,
// phrase (in the first bar, and where another phrase ends), repeat (where the letter has come before), chord; a chord
// may come on any beat. All of these come before note events. In a song with phrases each follows the one before, and
// between two only offs and `$` may come.
//
// Neither grammar has dead ends. At a free position tN may come, except after `^` and t1..t99. After `^` ons may come
// or, if no note can be written, `$`. After t1..t99 the offs of sounding notes may come, since a new step allows any
// order; if nothing sounds, `$` or, where that is not allowed, ons. A token that begins a group is allowed only if the
// group can be completed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "song_state.hpp"
#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct GrammarOptions {
  bool canonical = false;                        ///< the stricter grammar, for models trained on canonical tokens
  std::span<const std::uint8_t> forbidden = {};  ///< (V) or none; see GrammarRules::forbid
};

/// The rules by themselves: what may follow a song whose state is kept elsewhere. Several threads may use one at once.
class GrammarRules {
 public:
  /// @throws Error  as `forbid`
  explicit GrammarRules(const Vocabulary& vocabulary, GrammarOptions options = {});

  /// From now on treats the tokens with a nonzero entry as absent from the vocabulary, and those that were forbidden
  /// before as present. `^` and the offs of sounding notes are always possible. Allocates nothing, except for errors.
  /// @param forbidden  (V), or empty for none
  /// @throws Error  for another size, or if songs could not go on, with every time token or all notes and `$`
  ///                forbidden; then nothing has changed
  void forbid(std::span<const std::uint8_t> forbidden);

  /// Whether `token` may come next; false for a number outside the vocabulary.
  [[nodiscard]] bool allows(const SongState& song, Token token) const;

  /// The whole mask: 1 for a token that may come next, 0 for one that may not.
  /// @param mask  (V), assigned
  /// @throws Error  for another size
  void allowed(const SongState& song, std::span<std::uint8_t> mask) const;

  /// Whether no token at all may come although the song has not ended.
  [[nodiscard]] bool is_stuck(const SongState& song) const;
  /// Whether some sounding note may end in this step.
  [[nodiscard]] bool can_end(const SongState& song, int pitch, int track) const {
    return (endable(song, pitch) >> track & 1) != 0;
  }

  /// The tracks on which `pitch` can start now.
  [[nodiscard]] SongState::Tracks startable(const SongState& song, int pitch) const {
    return static_cast<Tracks>(playable_[static_cast<std::size_t>(pitch)] & ~song.sounding_tracks(pitch) &
                               (canonical_ ? song.ons_left(pitch) : SongState::all_tracks));
  }

  [[nodiscard]] const Vocabulary& vocabulary() const { return vocabulary_; }
  [[nodiscard]] bool canonical() const { return canonical_; }
  [[nodiscard]] bool is_forbidden(Token token) const { return usable_[static_cast<std::size_t>(token)] == 0; }
  /// The shortest time token that is not forbidden.
  [[nodiscard]] Token shortest_time() const { return static_cast<Token>(times_.front().token); }
  /// @throws Error  for a token that is not allowed, saying what was expected
  [[noreturn]] void refuse(const SongState& song, Token token) const;

  /// Whether a pair of words of the plan has begun that only `word` can finish: T96 F2, PA L8.
  static bool is_half(const SongState& song) {
    return song.place().last == TokenKind::tempo || song.place().last == TokenKind::phrase;
  }

  /// Whether the phrase is over; then the song is over too unless another phrase begins.
  static bool needs_phrase(const SongState& song) { return song.place().phrase != 0 && song.place().bars_left == 0; }

 private:
  using Tracks = SongState::Tracks;

  struct Numbered {
    std::uint16_t token;
    std::uint8_t value;
  };

  /// The entries of a kind, by value.
  std::vector<Numbered> words_of(TokenKind kind) const;

  /// The tracks on which `pitch` can end now.
  Tracks endable(const SongState& song, int pitch) const {
    const auto tracks = static_cast<Tracks>(song.sounding_tracks(pitch) & ~song.fresh_tracks(pitch) &
                                            (canonical_ ? song.offs_left(pitch) : SongState::all_tracks));
    // Offs between phrases end all notes: in canonical order none may be skipped.
    return tracks != 0 && canonical_ && needs_phrase(song) ? first_sounding(song, pitch) : tracks;
  }
  bool time_may_come(const SongState& song) const {
    if (needs_phrase(song)) return false;
    // Where no note can be written and none sounds, only `$` is left, and the canonical `$` follows no gap.
    return !song.gap_is_closed() && (!canonical_ || song.sounding() > 0 || !ons_.empty());
  }
  bool end_may_come(const SongState& song) const {
    return song.sounding() == 0 && !(canonical_ && song.time_tokens() > 0);
  }

  // ---- bars ----

  /// Whether only a bar line may come (or, before the first one, `$`).
  bool is_at_bar_line(const SongState& song) const { return has_beats_ && song.bar_left() == 0; }
  /// A word of the plan, or `|`.
  bool plan_may_come(const SongState& song, TokenEvent word) const;
  /// The first track that sounds at all, if `pitch` is the lowest pitch on it.
  static Tracks first_sounding(const SongState& song, int pitch);
  bool fits_bar(const SongState& song, int steps) const { return !has_beats_ || steps <= song.bar_left(); }
  bool may_sound(const SongState& song) const { return !has_beats_ || !needs_phrase(song); }

  Vocabulary vocabulary_;
  bool canonical_, has_beats_;
  std::vector<Numbered> plan_;        // words of the plan
  std::vector<std::uint8_t> usable_;  // (V) 1: not forbidden
  std::vector<Numbered> all_ons_, all_velocities_, all_times_, tracks_, offs_;
  std::vector<Numbered> ons_;  // of notes that can be written: on, off, a velocity and a track
  std::vector<Numbered> velocities_, times_;
  std::array<Tracks, pitch_count> playable_{};
};

/// Follows a song token by token and knows what may come next. A copy is a snapshot. After construction only `forbid`
/// and errors allocate.
class Grammar {
 public:
  /// Expects `^` first.
  /// @throws Error  as `forbid`
  explicit Grammar(const Vocabulary& vocabulary, GrammarOptions options = {})
      : rules_(std::make_shared<const GrammarRules>(vocabulary, options)) {}

  /// `GrammarRules::forbid` from now on, at a free position.
  /// @throws Error  also inside a group, or if nothing that may come now would be left
  void forbid(std::span<const std::uint8_t> forbidden);

  [[nodiscard]] bool allows(Token token) const { return rules_->allows(song_, token); }
  void allowed(std::span<std::uint8_t> mask) const { rules_->allowed(song_, mask); }
  /// Takes the next token.
  /// @throws Error  if it is not allowed; then nothing has changed
  void advance(Token token) {
    if (!allows(token)) rules_->refuse(song_, token);
    song_.advance(vocabulary()[token]);
  }

  [[nodiscard]] const SongState& song() const { return song_; }
  [[nodiscard]] const GrammarRules& rules() const { return *rules_; }
  [[nodiscard]] std::int64_t position() const { return song_.position(); }  ///< tokens so far
  [[nodiscard]] std::int64_t steps() const { return song_.steps(); }        ///< time so far, in steps of 10 ms
  [[nodiscard]] bool started() const { return song_.started(); }
  [[nodiscard]] bool ended() const { return song_.ended(); }  ///< after `$`
  [[nodiscard]] bool at_free_position() const { return song_.at_free_position(); }
  [[nodiscard]] int group_length() const { return song_.group_length(); }
  [[nodiscard]] int time_tokens() const { return song_.time_tokens(); }
  [[nodiscard]] int sounding() const { return song_.sounding(); }
  [[nodiscard]] bool is_sounding(int pitch, int track) const { return song_.is_sounding(pitch, track); }
  template <class Visit>
  void for_each_sounding(Visit&& visit) const {
    song_.for_each_sounding(std::forward<Visit>(visit));
  }
  [[nodiscard]] const Vocabulary& vocabulary() const { return rules_->vocabulary(); }
  [[nodiscard]] bool canonical() const { return rules_->canonical(); }

 private:
  std::shared_ptr<const GrammarRules> rules_;
  SongState song_;
};

/// How to end a song at its current position.
struct Closing {
  int drop = 0;  ///< remove this many tokens at the end first: an unfinished group, and a gap after the last off
  std::vector<Token> tokens;  ///< then add these
};

/// The shortest end of a song that obeys both grammars: after a note event, except between phrases, the shortest time
/// step; the offs of all sounding notes, by track and pitch; `$`, even where that is forbidden. For a song that has not
/// begun it is `^ $`, and for one that has ended nothing.
[[nodiscard]] Closing closing(const GrammarRules& rules, const SongState& song);
[[nodiscard]] inline Closing closing(const Grammar& grammar) {
  return closing(grammar.rules(), grammar.song());
}

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "grammar.ipp"
#endif
