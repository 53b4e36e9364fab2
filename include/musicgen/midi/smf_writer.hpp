// Writes Standard MIDI Files 1.0, formats 0, 1 and 2.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../core/files.hpp"
#include "score.hpp"
#include "smf_format.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// An event of a track to be written. At one tick, events go in the order of their kinds: a note that ends is out of
/// the way before one begins.
struct MidiEvent {
  enum Kind : std::uint8_t { tempo, program, note_off, note_on };

  std::int64_t tick;
  Kind kind;
  std::uint8_t channel, first, second;  ///< channel from 0 and data bytes; not for a tempo
  std::uint32_t microseconds;           ///< a quarter note; for a tempo only
};

/// Appends chunks to a file's bytes.
class SmfWriter {
 public:
  void header(int format, std::size_t tracks, std::uint16_t division) {
    if (tracks > 0xFFFF) throw Error(std::to_string(tracks) + " tracks are more than the 65535 that a MIDI file holds");
    text("MThd");
    big_endian(6, 4);
    big_endian(static_cast<std::uint32_t>(format), 2);
    big_endian(static_cast<std::uint32_t>(tracks), 2);
    big_endian(division, 2);
  }

  /// Appends a MTrk chunk with these events, in any order.
  void track(std::string_view name, std::vector<MidiEvent> events) {
    text("MTrk");
    const std::size_t begin = bytes.size();
    big_endian(0, 4);  // the length, put in below
    if (!name.empty()) {
      number(0);
      meta(midi_meta::track_name, name);
    }
    std::stable_sort(events.begin(), events.end(), [](const MidiEvent& a, const MidiEvent& b) {
      return std::tuple(a.tick, a.kind) < std::tuple(b.tick, b.kind);
    });
    std::int64_t now = 0;
    for (const MidiEvent& event : events) {
      delta(event.tick - now);
      now = event.tick;
      write(event);
    }
    number(0);
    meta(midi_meta::end_of_track, {});
    const std::size_t length = bytes.size() - begin - 4;
    if (length > std::numeric_limits<std::uint32_t>::max())
      throw Error("a track of over 4 GiB does not fit a MIDI file");
    for (std::size_t k = 0; k < 4; ++k) bytes[begin + k] = static_cast<unsigned char>(length >> (24 - 8 * k));
  }

  std::vector<unsigned char> bytes;

 private:
  void write(const MidiEvent& event) {
    if (event.kind == MidiEvent::tempo) {
      byte(midi_status::meta), byte(midi_meta::tempo), byte(3);
      return big_endian(event.microseconds, 3);
    }
    constexpr unsigned status[] = {0, midi_status::program, midi_status::note_off, midi_status::note_on};
    byte(status[event.kind] | event.channel);
    byte(event.first);
    if (event.kind != MidiEvent::program) byte(event.second);
  }

  /// A delta time. One that no number can hold is made up of several, with empty texts between them.
  void delta(std::int64_t ticks) {
    for (; ticks > largest_midi_number; ticks -= largest_midi_number) {
      number(largest_midi_number);
      meta(midi_meta::text, {});
    }
    number(static_cast<std::uint32_t>(ticks));
  }

  void meta(unsigned type, std::string_view content) {
    if (content.size() > largest_midi_number) throw Error("a track's name of over 256 MiB does not fit a MIDI file");
    byte(midi_status::meta), byte(type);
    number(static_cast<std::uint32_t>(content.size()));
    text(content);
  }

  /// A variable-length number: 7 bits a byte, the top bit set on all but the last.
  void number(std::uint32_t value) {
    for (int shift = 21; shift > 0; shift -= 7)
      if (value >> shift) byte(0x80 | (value >> shift & 0x7F));
    byte(value & 0x7F);
  }

  void text(std::string_view content) { bytes.insert(bytes.end(), content.begin(), content.end()); }
  void big_endian(std::uint32_t value, int size) {
    for (int k = size - 1; k >= 0; --k) byte(value >> 8 * k & 0xFF);
  }
  void byte(unsigned value) { bytes.push_back(static_cast<unsigned char>(value)); }
};

/// @throws Error  if the changes are such that a MIDI file cannot hold them
inline void append_tempo(const TempoMap& tempo, const std::string& whose, std::vector<MidiEvent>& events) {
  for (const TempoChange& change : tempo.changes()) {
    if (change.tick < 0 || change.tick > last_midi_tick)
      throw Error(whose + ": a tempo change at tick " + std::to_string(change.tick));
    if (change.microseconds_per_quarter < 1 || change.microseconds_per_quarter > 0xFFFFFF)
      throw Error(whose + ": a tempo of " + std::to_string(change.microseconds_per_quarter) +
                  " microseconds a quarter");
    events.push_back({change.tick, MidiEvent::tempo, 0, 0, 0, change.microseconds_per_quarter});
  }
}

/// @throws Error  naming track and note, both counted from 0
inline void append_notes(const Track& track, const std::string& whose, std::vector<MidiEvent>& events) {
  if (track.channel < 0 || track.channel > 15) throw Error(whose + ": channel " + std::to_string(track.channel));
  if (track.program < 0 || track.program > 127) throw Error(whose + ": program " + std::to_string(track.program));
  const auto channel = static_cast<std::uint8_t>(track.channel);
  events.push_back({0, MidiEvent::program, channel, static_cast<std::uint8_t>(track.program), 0, 0});
  for (std::size_t k = 0; k < track.notes.size(); ++k) {
    const TickNote& note = track.notes[k];
    if (note.pitch > 127)
      throw Error(whose + ", note " + std::to_string(k) + ": pitch " + std::to_string(note.pitch) + " is over 127");
    if (note.start < 0 || note.end <= note.start || note.end > last_midi_tick)
      throw Error(whose + ", note " + std::to_string(k) + ": lasts from tick " + std::to_string(note.start) + " to " +
                  std::to_string(note.end));
    const auto velocity = std::clamp<std::uint8_t>(note.velocity, 1, 127);
    events.push_back({note.start, MidiEvent::note_on, channel, note.pitch, velocity, 0});
    events.push_back({note.end, MidiEvent::note_off, channel, note.pitch, 0, 0});
  }
}

/// Whether one MTrk says it all: it has one name, and channels are what tells its tracks apart.
inline bool fits_one_mtrk(const std::vector<Track>& tracks) {
  std::set<int> channels;
  for (const Track& track : tracks)
    if (track.name != tracks.front().name || !channels.insert(track.channel).second) return false;
  return true;
}

}  // namespace detail

/// A score as a MIDI file's bytes; reading them gives the same tracks, programs, notes and tempo.
///
/// Format 1 has a MTrk with the tempo changes, then one for each track. Format 0 has everything in one MTrk; if the
/// score's tracks share a channel or differ in name, which one MTrk cannot say, format 1 is written. In format 2 each
/// MTrk is a track and its tempo (the score's if it has none of its own).
///
/// Velocities are clamped to 1..127; blanks around names do not survive. Of notes of one pitch and track that overlap
/// with different ends, a reader ends both at the earlier end, as no MIDI file can tell them apart.
///
/// @throws Error  if a MIDI file cannot hold the score: "track 2, note 17: pitch 200 is over 127"
inline std::vector<unsigned char> midi_bytes(const Score& score) {
  using namespace detail;
  const std::uint16_t division = score.tempo.division();
  if (division == 0 || ((division & 0x8000) && (division & 0xFF) == 0))
    throw Error("the division " + std::to_string(division) + " has no ticks");
  if (score.format < 0 || score.format > 2) throw Error("format " + std::to_string(score.format) + " is not 0, 1 or 2");
  const int format = score.format == 0 && !fits_one_mtrk(score.tracks) ? 1 : score.format;

  SmfWriter writer;
  writer.header(format, format == 0 ? 1 : score.tracks.size() + (format == 1), division);
  std::vector<MidiEvent> events;
  if (format != 2) append_tempo(score.tempo, "score", events);
  if (format == 1) writer.track({}, std::exchange(events, {}));
  for (std::size_t k = 0; k < score.tracks.size(); ++k) {
    const Track& track = score.tracks[k];
    const std::string whose = "track " + std::to_string(k);
    if (track.own_tempo && (format != 2 || track.own_tempo->division() != division))
      throw Error(whose + ": a tempo of its own needs format 2 and the score's division");
    if (format == 2) append_tempo(track.own_tempo ? *track.own_tempo : score.tempo, whose, events);
    append_notes(track, whose, events);
    if (format != 0) writer.track(track.name, std::exchange(events, {}));
  }
  if (format == 0) writer.track(score.tracks.empty() ? std::string() : score.tracks.front().name, std::move(events));
  return std::move(writer.bytes);
}

/// Writes a score as a MIDI file, see `midi_bytes`. A file that is already there is replaced whole or not at all.
/// @throws Error
inline void write_midi(const std::filesystem::path& file, const Score& score) {
  std::vector<unsigned char> bytes;
  try {
    bytes = midi_bytes(score);
  } catch (const Error& error) {
    throw file_error(file, error.what());
  }
  AtomicFile out(file);
  out.write(bytes.data(), bytes.size());
  out.commit();
}

}  // namespace musicgen::inline MUSICGEN_ABI
