// Which note-off ends which note: takes the note-ons and note-offs of one channel, gives whole notes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../core/config.hpp"
#include "score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Makes notes of the note-ons and note-offs of one channel of one MIDI track, given in the order of their ticks.
///
/// A note-off ends every open note of its pitch that began at an earlier tick. One that began at the very same tick
/// goes on when there was an older note to end, which is how files strike a note again; otherwise it has no length and
/// is dropped. (The rule of the pretty_midi library.)
///
/// While the sustain pedal is down, a note-off takes effect when the pedal comes up or the pitch is struck again.
///
/// Functions return how many notes they have dropped because they have no length. Each takes amortized constant time
/// (`pedal`: 128 pitches), whatever the file contains.
class NotePairing {
 public:
  /// @param pitch     0..127
  /// @param velocity  1..127
  std::size_t on(std::int64_t tick, std::uint8_t pitch, std::uint8_t velocity);

  /// @param release  the velocity of the note-off, which is stored in the notes that it ends
  std::size_t off(std::int64_t tick, std::uint8_t pitch, std::uint8_t release = 0);

  std::size_t pedal(std::int64_t tick, bool down);

  /// How many notes have had no note-off yet.
  [[nodiscard]] std::size_t still_on() const;

  /// Ends all open notes; for the end of the track.
  std::size_t finish(std::int64_t tick);

  /// The notes that have ended, by start, then pitch, then in the order in which they were struck. Call it after
  /// `finish`.
  [[nodiscard]] std::vector<TickNote> take();

 private:
  struct Open {
    std::vector<std::size_t> notes;  // indices into notes_, by start
    bool released = false;           // the note-off has come, but the pedal holds them
    std::uint8_t release = 0;        // its velocity
  };

  std::size_t older(const Open& open, std::int64_t tick) const;
  std::size_t end(Open& open, std::int64_t tick, std::size_t count);

  std::vector<TickNote> notes_;  // in the order in which they were struck; open ones have end == start
  std::array<Open, 128> open_;   // by pitch
  bool pedal_ = false;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "note_pairing.ipp"
#endif
