// Reads Standard MIDI Files 1.0, formats 0, 1 and 2, bare or in a RIFF file (RMID).
//
// MIDI files in the wild are full of small faults, so the reader is tolerant by default: it makes the best of a fault
// and reports it in `Score::warnings`. With `strict` the same faults are errors. What is tolerated, and how:
//
// - running status continued after a meta or system exclusive event, which should cancel it: accepted;
// - status bytes F1 to FE, and data bytes that belong to no event: skipped;
// - data bytes over 127: a velocity or a value is taken as 127, any other event is skipped;
// - variable-length numbers of more than 4 bytes: the track ends there;
// - chunks and events longer than the bytes that are left: cut at the end;
// - a missing end-of-track event, notes that are never switched off: they end at the track's last event;
// - bytes after the end of a track or after the last chunk: skipped;
// - notes of no length: dropped;
// - tempos of 0, or not of 3 bytes; invalid signatures: skipped;
// - more or fewer tracks than the header announces: all that are there are read;
// - format 0 with several tracks, formats over 2: read as format 1;
// - SMPTE frames per second other than 24, 25, 29 (which stands for 29.97) and 30: used as given.
//
// Always errors: a missing or incomplete header, a division of 0.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct MidiReadOptions {
  bool strict = false;   ///< faults are errors, not warnings
  bool sustain = false;  ///< the sustain pedal (controller 64, at least 64: down) lengthens notes
};

/// Reads a MIDI file.
///
/// Each channel of each MIDI track (MTrk chunk) becomes a `Track`, in the order in which channels first have a note, a
/// controller or a program change (channels with none of these come last). It has the name of its MTrk, and the program
/// in force at its first note (else the last one that the MTrk sets; else, found in the same way, what other MTrks set
/// on its channel). An MTrk without channels becomes a `Track` of `no_channel`; in formats 0 and 1 the first such MTrk
/// goes into the score itself. Notes are paired as in `NotePairing`; the sustain pedal, if asked for, acts on its
/// channel within its MTrk. Tempo changes, signatures and markers of any MTrk apply to all; in format 2, where each
/// MTrk is a piece of its own, each Track has its own tempo instead.
///
/// Time and memory are proportional to the number of bytes, whatever they are. Safe to call from several threads.
///
/// @throws Error  "song.mid: byte 12: the division is 0"
[[nodiscard]] Score read_midi(const std::filesystem::path& file, const MidiReadOptions& options = {});

/// Reads a MIDI file that is already in memory, as above.
/// @throws Error  "MIDI data: byte 12: the division is 0"
[[nodiscard]] Score read_midi(std::span<const std::byte> bytes, const MidiReadOptions& options = {});
[[nodiscard]] Score read_midi(std::span<const unsigned char> bytes, const MidiReadOptions& options = {});

/// The same for bytes that have a name.
/// @param name  of the file, for messages
/// @throws Error  "song.mid: byte 12: the division is 0"
[[nodiscard]] Score parse_midi(std::span<const unsigned char> bytes, const std::filesystem::path& name,
                               const MidiReadOptions& options = {});

/// Whether a file's name ends in .mid, .midi or .kar, in upper or lower case.
[[nodiscard]] bool has_midi_extension(const std::filesystem::path& file);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "smf_reader.ipp"
#endif
