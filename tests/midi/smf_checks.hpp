// What tests of reading MIDI files have in common.
#pragma once

#include <catch.hpp>
#include <string>
#include <vector>

#include "midi/smf_bytes.hpp"

namespace musicgen::test {

using Notes = std::vector<TickNote>;

inline const Bytes note{0, 0x90, 60, 70, 100, 0x80, 60, 0};  // 0 to 100

/// A fault that is tolerated: it is the tolerant reader's only warning, and the strict reader's error.
inline Score tolerated(const Bytes& bytes, const std::string& message, const MidiReadOptions& options = {}) {
  const Score score = parse(bytes, options);
  CHECK(score.warnings == std::vector<std::string>{"song.mid: " + message});
  CHECK(refusal(bytes, {.strict = true, .sustain = options.sustain}) == "song.mid: " + message);
  return score;
}

/// Without any fault.
inline Score clean(const Bytes& bytes, const MidiReadOptions& options = {}) {
  CHECK(refusal(bytes, {.strict = true, .sustain = options.sustain}).empty());
  const Score score = parse(bytes, options);
  CHECK(score.warnings.empty());
  return score;
}

inline Notes notes_of(const Score& score, std::size_t track = 0) {
  REQUIRE(track < score.tracks.size());
  return score.tracks[track].notes;
}

}  // namespace musicgen::test
