// From tokens to notes, one token at a time or all at once, by the same code.
//
// Tokens may come from a model without a grammar mask, or from an editor: what makes no sense where it stands is passed
// over and counted, never an error. What that is, `SongState` says.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "song_state.hpp"
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
class NoteAssembler {
 public:
  /// Takes the next token.
  /// @return  the note that it ends, if it does, in seconds from the first token's time
  std::optional<Note> push(TokenEvent token);

  /// Ends the notes that still sound, now or a step after they began, by track and pitch; hands each to `take(Note)`.
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
  [[nodiscard]] bool ended() const { return song_.ended(); }  ///< `$` has come
  [[nodiscard]] const DecodeReport& report() const { return report_; }

 private:
  void count_stray(int tokens, std::int64_t first);

  SongState song_;
  DecodeReport report_;
};

/// The score that tokens say; track K has `programs[K]`. Ticks are of 1 ms; in the language of beats there are 480 a
/// quarter note, and the plan is in the score's meta events: tempo, time and key signatures, phrases as markers, chords
/// as texts ("Eb:min"). A step is always a whole number of ticks.
///
/// Encoding it again gives the same tokens if they came from `encode`. (The score's melodic tracks are numbered without
/// holes: a song that uses track 2 and not 1, which `encode` writes only where the vocabulary lacks words, has its
/// tracks renumbered.)
/// @param report  out, what had to be passed over
/// @throws Error  for a number that is not in the vocabulary
[[nodiscard]] Score decode(std::span<const Token> tokens, const Vocabulary& vocabulary,
                           std::span<const int> programs = {}, DecodeReport* report = nullptr);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "decoder.ipp"
#endif
