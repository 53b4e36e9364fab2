// MIDI files built byte by byte, and a property of every file: reading, writing and reading again is like reading once.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "musicgen/midi.hpp"

namespace musicgen::test {

using Bytes = std::vector<unsigned char>;

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bytes text(std::string_view characters) {
  return Bytes(characters.begin(), characters.end());
}

inline Bytes big(std::size_t value, int size) {
  Bytes bytes;
  for (int k = size - 1; k >= 0; --k) bytes.push_back(static_cast<unsigned char>(value >> 8 * k));
  return bytes;
}

inline Bytes chunk(std::string_view type, const Bytes& content) {
  return text(type) + big(content.size(), 4) + content;
}

/// 14 bytes.
inline Bytes header(std::size_t format, std::size_t tracks, std::size_t division) {
  return chunk("MThd", big(format, 2) + big(tracks, 2) + big(division, 2));
}

inline const Bytes end_of_track{0, 0xFF, 0x2F, 0};

/// A file of MTrk chunks with these events, each followed by an end of track. Those of the first chunk begin at
/// byte 22.
inline Bytes smf(std::size_t format, std::size_t division, const std::vector<Bytes>& tracks) {
  Bytes bytes = header(format, tracks.size(), division);
  for (const Bytes& events : tracks) bytes = bytes + chunk("MTrk", events + end_of_track);
  return bytes;
}

/// A file of one MTrk chunk, with 100 ticks per quarter note, and without an end of track unless the events have one.
inline Bytes song(const Bytes& events) {
  return header(1, 1, 100) + chunk("MTrk", events);
}

inline Score parse(const Bytes& bytes, const MidiReadOptions& options = {}) {
  return parse_midi(bytes, "song.mid", options);
}

/// The reader's message if it refuses; otherwise nothing.
inline std::string refusal(const Bytes& bytes, const MidiReadOptions& options = {}) {
  try {
    parse(bytes, options);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

/// Everything but the warnings.
inline bool same_music(Score a, const Score& b) {
  a.warnings = b.warnings;
  return a == b;
}

/// Reads any bytes, writes the result and reads it again; whether both are the same. Bytes may also be refused.
inline bool survives(std::span<const unsigned char> bytes) {
  for (const bool strict : {false, true})
    for (const bool sustain : {false, true}) {
      Score score;
      try {
        score = parse_midi(bytes, "any", {.strict = strict, .sustain = sustain});
      } catch (const Error&) {
        continue;
      }
      if (strict && !score.warnings.empty()) return false;
      const Score again = parse_midi(midi_bytes(score), "again");
      if (!same_music(score, again)) return false;
      // Written files have no faults, except for an unusual frame rate, which is kept.
      if (!again.warnings.empty() && !again.tempo.is_smpte()) return false;
    }
  return true;
}

}  // namespace musicgen::test
