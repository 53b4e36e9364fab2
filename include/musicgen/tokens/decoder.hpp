// From tokens to notes, one token at a time or all at once, with the same code.
//
// Tokens may come from a model without a grammar mask, or from an editor. Those that make no sense where they stand are
// skipped and counted, and are never an error; `SongState` says which they are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "song_state.hpp"
#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// What in a sequence of tokens was against the grammar.
struct DecodeReport {
  std::int64_t stray = 0;         ///< tokens skipped
  std::int64_t first_stray = -1;  ///< position of the first of them, from 0; -1 if there are none
  std::int64_t restruck = 0;      ///< notes ended by another note on of their pitch and track
  std::int64_t open = 0;          ///< notes that still sounded at the end
  bool operator==(const DecodeReport&) const = default;
};

/// Assembles notes from tokens as they come. Has a fixed size and allocates nothing; a copy is a snapshot.
class NoteAssembler {
 public:
  /// Takes the next token.
  /// @return  the note that it ends, if any, in seconds from the time of the first token
  std::optional<Note> push(TokenEvent token);

  /// Ends the notes that still sound, now or one step after they began, and passes each to `take(Note)`, by track and
  /// pitch.
  template <class Take>
  void flush(Take&& take) {
    const std::int64_t position = song_.position();
    if (const int dropped = song_.drop_group(); dropped > 0) count_stray(dropped, position - dropped);
    song_.for_each_sounding([&](int pitch, int track) {
      ++report_.open;
      take(song_.end_note(pitch, track));
    });
  }

  [[nodiscard]] std::int64_t steps() const { return song_.steps(); }     ///< time so far, in steps of 10 ms
  [[nodiscard]] double seconds() const { return song_.time().count(); }  ///< the same in seconds
  [[nodiscard]] const SongState& song() const { return song_; }
  [[nodiscard]] bool ended() const { return song_.ended(); }  ///< after `$`
  [[nodiscard]] const DecodeReport& report() const { return report_; }

 private:
  void count_stray(int tokens, std::int64_t first);

  SongState song_;
  DecodeReport report_;
};

/// The score of some tokens; track K has `programs[K]`. A tick is 1 ms. In the language of beats there are 480 ticks
/// per quarter note, and the plan is in the score's meta events: tempo, time and key signatures, phrases as markers,
/// chords as texts ("Eb:min"). A step is always a whole number of ticks.
///
/// Encoding it again gives the same tokens if they came from `encode`. (The score's melodic tracks are numbered without
/// gaps: a song that uses track 2 but not 1, which `encode` writes only if the vocabulary lacks words, has its tracks
/// renumbered.)
/// @param report  out: what had to be skipped
/// @throws Error  for a number that is not in the vocabulary
[[nodiscard]] Score decode(std::span<const Token> tokens, const Vocabulary& vocabulary,
                           std::span<const int> programs = {}, DecodeReport* report = nullptr);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "decoder.ipp"
#endif
