// Writes Standard MIDI Files 1.0, formats 0, 1 and 2.
#pragma once

#include <filesystem>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// A score as a MIDI file's bytes; reading them gives the same score.
///
/// Format 1 has a MTrk with the tempo, signatures, markers and whatever else is the score's own, then one for each
/// track, or for each `Track::chunk`. Format 0 has everything in one MTrk; if the score's tracks share a channel or
/// differ in name, which one MTrk cannot say, format 1 is written. In format 2 each MTrk is a track and its tempo (the
/// score's if it has none of its own).
///
/// `Track::program` counts: where the track's events say something else for its first note, that is changed.
///
/// Velocities are clamped to 1..127 (of note-offs, 0..127); blanks around names do not survive. Of notes of one pitch
/// and track that overlap with different ends, a reader ends both at the earlier end, as no MIDI file can tell them
/// apart.
///
/// @throws Error  if a MIDI file cannot hold the score: "track 2, note 17: pitch 200 is over 127"
[[nodiscard]] std::vector<unsigned char> midi_bytes(const Score& score);

/// Writes a score as a MIDI file, see `midi_bytes`. A file that is already there is replaced whole or not at all.
/// @throws Error
void write_midi(const std::filesystem::path& file, const Score& score);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "smf_writer.ipp"
#endif
