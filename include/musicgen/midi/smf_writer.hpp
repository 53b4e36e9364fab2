// Writes Standard MIDI Files 1.0, formats 0, 1 and 2.
#pragma once

#include <filesystem>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// A score as the bytes of a MIDI file; reading them gives the same score.
///
/// Format 1 has an MTrk with the tempo, signatures, markers and whatever else belongs to the score, then one for each
/// track or each `Track::chunk`. Format 0 has everything in one MTrk; if tracks share a channel or differ in name,
/// which one MTrk cannot express, format 1 is written instead. In format 2 each MTrk is a track with its tempo (the
/// score's if it has none of its own).
///
/// `Track::program` is decisive: where the track's events set another program for its first note, they are changed.
///
/// Velocities are clamped to 1..127 (those of note-offs to 0..127); blanks around names are lost. If two notes of one
/// pitch and track overlap and end at different ticks, a reader ends both at the earlier end, since a MIDI file cannot
/// tell them apart.
///
/// @throws Error  if a MIDI file cannot hold the score: "track 2, note 17: pitch 200 is over 127"
[[nodiscard]] std::vector<unsigned char> midi_bytes(const Score& score);

/// Writes a score as a MIDI file, as `midi_bytes` has it. An existing file is replaced whole or not at all.
/// @throws Error
void write_midi(const std::filesystem::path& file, const Score& score);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "smf_writer.ipp"
#endif
