// The state of a song: the time, which notes sound since when, what the last token began. Independent of a vocabulary.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// What a token did to a song.
struct SongStep {
  std::optional<Note> ended{};   ///< the note that it ended
  bool began = false;            ///< it completed a note on: `SongState::last_note()`
  bool restruck = false;         ///< its pitch and track already sounded, and the older note has ended
  int stray = 0;                 ///< tokens skipped: itself, or an unfinished group before it
  std::int64_t first_stray = 0;  ///< position of the first of them
};

inline constexpr int usual_tempo = 120;  ///< quarters a minute if there is no tempo, as in MIDI files

/// Semitones from C major or A minor to a key of TokenKind::key: -6..5; 0 for -1, no key.
[[nodiscard]] constexpr int transposition_of(int key) {
  if (key < 0) return 0;
  const int above = key < 12 ? key : (key + 3) % 12;  // from C, or from A
  return above < 6 ? above : above - 12;
}

/// What makes songs differ, each z ~ N(0, 1): processors with a variation multiply their strength by e^(c z).
struct SongVariation {
  float density = 0, velocity = 0, pitch_class = 0;
};

/// Follows a song token by token, whatever the tokens. Has a fixed size (some 11 KB) and allocates nothing; a copy is a
/// snapshot. Several threads may read one at once.
///
/// Tokens may come from a model without a grammar, or from an editor; those that make no sense are skipped:
/// - An unfinished group (`+p vN iK`, `-p iK`) is skipped, and so are a `-p iK` for a note that does not sound, a `^`
///   that is not first, and everything after `$`. No `^` is needed: one may start in the middle of a song.
/// - A note on for a sounding pitch and track ends the older note. If both start in the same step they are one note,
///   the louder of the two.
/// - A note that ends in its first step lasts one step. But if its on has ended an older note in that step, the off is
///   skipped: it came late, and was meant for the older note.
class SongState {
 public:
  using Tracks = std::uint16_t;  ///< a set of tracks, one bit each
  static constexpr Tracks all_tracks = 0xFFFF;

  enum class Group : std::uint8_t { none, on, on_velocity, off };  ///< how far a group of tokens has come

  /// The beginning of a note.
  struct Onset {
    std::int64_t step;
    int pitch, velocity, track;
    bool operator==(const Onset&) const = default;
  };

  /// Takes the next token.
  SongStep advance(TokenEvent token);

  // ---- time ----

  [[nodiscard]] std::int64_t position() const { return position_; }  ///< tokens so far
  [[nodiscard]] std::int64_t steps() const { return steps_; }        ///< time so far, in steps
  [[nodiscard]] std::chrono::duration<double> time() const { return time_at(steps_); }
  /// When a step is, or would be at the tempo in force. In bars: by the last 23 tempos, the oldest of which goes for
  /// all that was before.
  [[nodiscard]] std::chrono::duration<double> time_at(std::int64_t step) const;
  /// How long a step lasts now.
  [[nodiscard]] std::chrono::duration<double> step_length() const;
  [[nodiscard]] bool started() const { return position_ > 0; }
  [[nodiscard]] bool ended() const { return ended_; }  ///< after `$`
  /// Time tokens since the last note event; an unfinished group does not count as one.
  [[nodiscard]] int time_tokens() const { return time_tokens_; }
  /// The same, including tokens of bars and the plan.
  [[nodiscard]] int silent_tokens() const { return silent_tokens_; }
  /// Whether the last token was `^` or one of t1..t99: the encoder then writes no further time token.
  [[nodiscard]] bool gap_is_closed() const { return gap_is_closed_; }

  // ---- bars and the plan, in the language of beats ----

  /// Where in the music a song is. Without bars everything keeps its default.
  struct Place {
    std::int32_t bars = 0;              ///< bar lines so far
    std::int16_t bar_steps = 0;         ///< since the last of them
    std::int16_t bars_left = 0;         ///< of the phrase, including this bar; 0 at its end, or without a phrase
    std::uint8_t meter = common_time;   ///< index into `meters`; 4/4 until one comes
    std::uint8_t chord = no_chord + 1;  ///< this value: none has come
    std::int8_t key = -1;               ///< -1: none has come
    std::uint8_t phrase = 0;            ///< its letter; 0: none has come
    std::uint8_t returns = 0;           ///< how often a phrase with this letter has begun before, at most 255
    std::int16_t phrase_bar = 0;        ///< whole bars since it began
    bool repeats = false;               ///< whether this bar has the melody of its letter's last phrase
    std::int16_t tempo = 0;             ///< quarters a minute; 0: none has come
    /// The last word of the plan in this step, if no note event has come in it; else `chord`, after which none may
    /// come.
    TokenKind last = TokenKind::chord;
    bool operator==(const Place&) const = default;
  };
  [[nodiscard]] const Place& place() const { return place_; }
  [[nodiscard]] Meter meter() const { return meters[place_.meter]; }
  /// Steps to the end of the bar; 0: a bar line must come.
  [[nodiscard]] int bar_left() const { return place_.bars == 0 ? 0 : bar_steps(meter()) - place_.bar_steps; }
  /// Semitones by which the song is higher than its tokens: -6..5.
  [[nodiscard]] int transposition() const { return transposition_of(place_.key); }
  /// The pitch that is heard where tokens say `pitch`, in 0..127.
  [[nodiscard]] int pitch_heard(int pitch) const { return std::clamp(pitch + transposition(), 0, pitch_count - 1); }

  // ---- the unfinished group of tokens ----

  [[nodiscard]] Group group() const { return group_; }
  [[nodiscard]] int group_pitch() const { return pitch_; }        ///< of this group, or of the last one
  [[nodiscard]] int group_velocity() const { return velocity_; }  ///< likewise
  [[nodiscard]] int group_length() const {                        ///< tokens, 0..2
    return group_ == Group::none ? 0 : group_ == Group::on_velocity ? 2 : 1;
  }
  /// Between groups, after the start and before the end.
  [[nodiscard]] bool at_free_position() const { return started() && !ended_ && group_ == Group::none; }

  // ---- notes ----

  [[nodiscard]] int sounding() const { return sounding_count_; }  ///< notes
  [[nodiscard]] bool is_sounding(int pitch, int track) const { return sounding_tracks(pitch) >> track & 1; }
  [[nodiscard]] Tracks sounding_tracks(int pitch) const { return sounding_[index(pitch)]; }
  /// The tracks on which `pitch` has begun in this step.
  [[nodiscard]] Tracks fresh_tracks(int pitch) const { return fresh_[index(pitch)]; }
  /// The beginning of a note, which must be sounding.
  [[nodiscard]] Onset onset(int pitch, int track) const;
  /// Calls `visit(pitch, track)` for each sounding note, by track, then pitch.
  template <class Visit>
  void for_each_sounding(Visit&& visit) const {
    if (sounding_count_ == 0) return;
    unsigned used = 0;  // most tracks are silent
    for (const Tracks tracks : sounding_) used |= tracks;
    for (int track = 0; track < track_count; ++track)
      for (int pitch = 0; (used >> track & 1) != 0 && pitch < pitch_count; ++pitch)
        if (is_sounding(pitch, track)) visit(pitch, track);
  }
  /// The latest note to begin; its group is complete.
  [[nodiscard]] const std::optional<Onset>& last_note() const { return last_note_; }
  /// The step of the latest `+p`, whether its group is complete or not.
  [[nodiscard]] std::optional<std::int64_t> last_onset() const { return last_onset_; }
  /// How many `+p` have come in that step.
  [[nodiscard]] int notes_at_onset() const { return notes_at_onset_; }
  /// Time since the latest `+p`, or since the song began.
  [[nodiscard]] std::int64_t steps_since_onset() const { return steps_ - last_onset_.value_or(0); }
  [[nodiscard]] std::chrono::duration<double> time_since_onset() const {
    return time() - (last_onset_ ? time_at(*last_onset_) : std::chrono::duration<double>());
  }

  // ---- the canonical order: offs before ons, each by track, then pitch ----

  /// The tracks on which `pitch` can still end, or begin, in this step, in canonical order.
  [[nodiscard]] Tracks offs_left(int pitch) const { return off_order_.after(pitch); }
  [[nodiscard]] Tracks ons_left(int pitch) const { return on_order_.after(pitch); }

  // ---- which song it is ----

  /// Goes back to before the first token, for song number `number`.
  void begin(std::uint64_t number = 0, const SongVariation& variation = {});
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] const SongVariation& variation() const { return variation_; }
  /// Declares that all tokens so far were given (a prompt), not chosen.
  void end_prompt() { prompt_time_ = time().count(); }
  /// Length of the prompt; 0: none.
  [[nodiscard]] std::chrono::duration<double> prompt_time() const {
    return std::chrono::duration<double>(prompt_time_);
  }

  /// Ends a sounding note, now or one step after it began.
  Note end_note(int pitch, int track);
  /// Drops the unfinished group. @return  its number of tokens
  int drop_group();

 private:
  // The tracks whose (track, pitch) comes after that of the last off, or on, in this step.
  struct Order {
    Tracks from_track = all_tracks, after_track = all_tracks;
    int pitch = 0;

    Tracks after(int p) const { return p > pitch ? from_track : after_track; }
    static Order none() { return {0, 0, 0}; }
    static Order beyond(int track, int pitch) {
      return {static_cast<Tracks>(all_tracks << track), static_cast<Tracks>(all_tracks << track << 1), pitch};
    }
  };

  /// A tempo and where it begins, in steps and seconds.
  struct Tempo {
    std::int64_t step = 0;
    double seconds = 0;
    int quarters = usual_tempo;
  };

  static std::size_t index(int pitch) { return static_cast<std::size_t>(pitch); }
  static std::size_t index(int pitch, int track) {
    return static_cast<std::size_t>(track) * pitch_count + static_cast<std::size_t>(pitch);
  }
  static Tracks bit(int track) { return static_cast<Tracks>(1u << track); }

  void pass_over(SongStep& step, int tokens) const;
  void begin_event(TokenEvent token, SongStep& step);
  void pass_time(int steps);
  void plan(TokenEvent token);
  void begin_phrase(std::uint8_t letter);
  void change_tempo(int quarters);
  Tempo& tempo_change(std::uint32_t number) { return tempos_[number % tempos_.size()]; }
  void complete_on(int track, SongStep& step);
  void complete_off(int track, SongStep& step);
  std::int64_t start_of(int pitch, int track) const;

  std::array<Tracks, pitch_count> sounding_{};                        // by pitch
  std::array<Tracks, pitch_count> fresh_{};                           // tracks whose latest on came in this step
  std::array<Tracks, pitch_count> took_over_{};                       // tracks whose latest on ended an older note
  std::array<std::uint32_t, track_count * pitch_count> start_{};      // step of the latest on, lower 32 bits
  std::array<std::uint8_t, track_count * pitch_count> velocities_{};  // of the latest on
  Order off_order_, on_order_;                                        // what may still come in this step
  std::int64_t steps_ = 0, position_ = 0;
  double prompt_time_ = 0;
  Place place_;
  std::array<Tempo, 24> tempos_{};  // the latest ones, in a ring: sounding notes may have begun under another tempo
  std::uint32_t tempo_changes_ = 0;
  std::array<std::uint8_t, 128> phrases_{};  // how many have begun, by letter
  std::optional<Onset> last_note_;
  std::optional<std::int64_t> last_onset_;
  std::uint64_t number_ = 0;
  SongVariation variation_;
  int sounding_count_ = 0, time_tokens_ = 0, silent_tokens_ = 0, notes_at_onset_ = 0;
  int pitch_ = 0, velocity_ = 0;  // of the group
  Group group_ = Group::none;
  bool ended_ = false;
  bool gap_is_closed_ = true;
};
static_assert(std::is_trivially_copyable_v<SongState> && sizeof(SongState) < 12 * 1024);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "song_state.ipp"
#endif
