// From tokens to notes, one token at a time or all at once, by the same code.
//
// Tokens may come from a model without a grammar mask, or from an editor: what makes no sense where it stands is passed
// over and counted, never an error.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../midi/score.hpp"
#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// What in a sequence of tokens broke the grammar.
struct DecodeReport {
  std::int64_t stray = 0;         ///< tokens passed over
  std::int64_t first_stray = -1;  ///< position of the first of them, counted from 0; -1 if there is none
  std::int64_t restruck = 0;      ///< notes ended by a note on of the pitch and track that they sounded
  std::int64_t open = 0;          ///< notes that still sounded at the end
  bool operator==(const DecodeReport&) const = default;
};

/// Puts notes together from tokens as they come. Of fixed size, allocates nothing; a copy is a snapshot.
///
/// - A group (`+p vN iK`, `-p iK`) that breaks off is passed over, and so are a `-p iK` of a note that does not
///   sound, a `^` that is not first, and everything after `$`. No `^` is needed: a song can be joined in its middle.
/// - A note on of a sounding pitch and track ends the older note. Where both start in one step they are one note, the
///   louder of the two.
/// - A note ended in its first step lasts one step. The off is passed over instead where the note's on ended an
///   older one in that step: it came late, and was meant for the older.
class NoteAssembler {
 public:
  /// Takes the next token.
  /// @return  the note that it ends, if it does, in seconds from the first token's time
  std::optional<Note> push(TokenEvent token) {
    const std::int64_t position = position_++;
    if (ended_) return pass_over(1, position);
    if (group_ == Group::on && token.kind == TokenKind::velocity) {
      group_ = Group::on_velocity;
      velocity_ = static_cast<std::uint8_t>(token.value);
      return std::nullopt;
    }
    if (token.kind == TokenKind::track && (group_ == Group::on_velocity || group_ == Group::off))
      return std::exchange(group_, Group::none) == Group::off ? end_note(token.value, position - 1)
                                                              : start_note(token.value, position - 2);
    drop_group(position);
    return begin(token, position);
  }

  /// Ends the notes that still sound, now or a step after they began, by track and pitch; hands each to `take(Note)`.
  template <class Take>
  void flush(Take&& take) {
    drop_group(position_);
    for (int track = 0; track < track_count; ++track)
      for (int pitch = 0; pitch < pitch_count; ++pitch)
        if (at(track, pitch).velocity != 0) {
          ++report_.open;
          take(finish(track, pitch));
        }
  }

  std::int64_t steps() const { return steps_; }       ///< time so far, in steps of 10 ms
  double seconds() const { return seconds(steps_); }  ///< the same in seconds
  bool ended() const { return ended_; }               ///< `$` has come
  const DecodeReport& report() const { return report_; }

 private:
  enum class Group : std::uint8_t { none, on, on_velocity, off };  // what has come of a group

  struct Voice {                // a (pitch, track)
    std::int64_t start = -1;    // step of its latest on
    std::uint8_t velocity = 0;  // 0: silent
    bool took_over = false;     // the latest on ended an older note
  };

  static double seconds(std::int64_t steps) { return static_cast<double>(steps) / (1 / step_seconds); }

  Voice& at(int track, int pitch) {
    return voices_[static_cast<std::size_t>(track) * pitch_count + static_cast<std::size_t>(pitch)];
  }

  std::nullopt_t pass_over(int tokens, std::int64_t position) {
    if (report_.stray == 0) report_.first_stray = position;
    report_.stray += tokens;
    return std::nullopt;
  }

  /// Passes over what has come of a group that `position` does not continue.
  void drop_group(std::int64_t position) {
    if (group_ == Group::none) return;
    const int length = group_ == Group::on_velocity ? 2 : 1;
    pass_over(length, position - length);
    group_ = Group::none;
  }

  std::optional<Note> begin(TokenEvent token, std::int64_t position) {
    switch (token.kind) {
      case TokenKind::note_on:
      case TokenKind::note_off:
        group_ = token.kind == TokenKind::note_on ? Group::on : Group::off;
        pitch_ = token.value;
        return std::nullopt;
      case TokenKind::time:
        steps_ += token.value;
        return std::nullopt;
      case TokenKind::start:
        return position == 0 ? std::nullopt : pass_over(1, position);
      case TokenKind::end:
        ended_ = true;
        return std::nullopt;
      default:
        return pass_over(1, position);
    }
  }

  std::optional<Note> start_note(int track, std::int64_t position) {
    Voice& voice = at(track, pitch_);
    if (voice.start == steps_) {
      if (voice.velocity != 0) voice.velocity = std::max(voice.velocity, velocity_);
      return pass_over(3, position);
    }
    std::optional<Note> older;
    if (voice.velocity != 0) {
      ++report_.restruck;
      older = finish(track, pitch_);
    }
    voice = {steps_, velocity_, older.has_value()};
    return older;
  }

  std::optional<Note> end_note(int track, std::int64_t position) {
    const Voice& voice = at(track, pitch_);
    if (voice.velocity == 0 || (voice.start == steps_ && voice.took_over)) return pass_over(2, position);
    return finish(track, pitch_);
  }

  Note finish(int track, int pitch) {
    Voice& voice = at(track, pitch);
    const int velocity = std::exchange(voice.velocity, std::uint8_t{0});
    return {seconds(voice.start), seconds(std::max(steps_, voice.start + 1)), pitch, velocity, track};
  }

  std::array<Voice, track_count * pitch_count> voices_{};
  std::int64_t steps_ = 0, position_ = 0;
  Group group_ = Group::none;
  int pitch_ = 0;              // of the group
  std::uint8_t velocity_ = 0;  // of the group
  bool ended_ = false;
  DecodeReport report_;
};

/// The score that tokens say, on a grid of 1 ms in which their steps are exact; track K has `programs[K]`.
///
/// Encoding it again gives the same tokens if they came from `encode`. (The score's melodic tracks are numbered without
/// holes: a song that uses track 2 and not 1, which `encode` writes only where the vocabulary lacks words, has its
/// tracks renumbered.)
/// @param report  out, what had to be passed over
/// @throws Error  for a number that is not in the vocabulary
inline Score decode(std::span<const Token> tokens, const Vocabulary& vocabulary, std::span<const int> programs = {},
                    DecodeReport* report = nullptr) {
  NoteAssembler assembler;
  std::vector<Note> notes;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= vocabulary.size())
      throw Error("token " + std::to_string(tokens[i]) + " at position " + std::to_string(i) + ": the vocabulary has " +
                  std::to_string(vocabulary.size()));
    if (const auto note = assembler.push(vocabulary[tokens[i]])) notes.push_back(*note);
  }
  assembler.flush([&](const Note& note) { notes.push_back(note); });
  std::sort(notes.begin(), notes.end(), [](const Note& a, const Note& b) {
    return std::tuple(a.start, a.track, a.pitch) < std::tuple(b.start, b.track, b.pitch);
  });
  if (report) *report = assembler.report();
  return Score::from_notes(notes, programs);
}

}  // namespace musicgen::inline MUSICGEN_ABI
