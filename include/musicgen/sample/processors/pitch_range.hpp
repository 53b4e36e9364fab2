// Only notes from one pitch to another.
#pragma once

#include "../../core/config.hpp"
#include "../../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The grammar looks ahead; a range that is changed while a stream plays applies from the next note on.
struct PitchRange {
  int lowest = 0, highest = 127;  ///< MIDI pitches, both included

  [[nodiscard]] bool forbids(TokenEvent event) const {
    return event.kind == TokenKind::note_on && (event.value < lowest || event.value > highest);
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI
