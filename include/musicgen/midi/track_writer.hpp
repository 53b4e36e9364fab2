// Internal: checks the events of a score and of its tracks, and adds them to an MTrk chunk.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "by_tick.hpp"
#include "events.hpp"
#include "mtrk_writer.hpp"
#include "programs.hpp"
#include "score.hpp"
#include "smf_format.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// The order of events at one tick: what is for all channels comes before what is for one, so that a reset comes before
/// what it would undo; then the channels one after another, each with the notes that end before those that start.
namespace midi_order {
inline constexpr std::size_t tempo = 0, signature = 1, text = 2, sysex = 3, place = 4, first_track = 5;
inline constexpr std::size_t before_ends = 0, end = 1, between = 2, start = 3, after_starts = 4, a_track = 5;
}  // namespace midi_order

/// "track 2, event 17: value 200 is not in 0..127"
[[noreturn]] inline void refuse(const std::string& whose, const char* what, std::size_t k, const std::string& why) {
  throw Error(whose + ", " + what + " " + std::to_string(k) + ": " + why);
}

/// Refuses a value that is out of range.
inline void require_in(std::int64_t value, std::int64_t least, std::int64_t most, const char* name,
                       const std::string& whose, const char* what, std::size_t k) {
  if (value < least || value > most)
    refuse(whose, what, k,
           std::string(name) + " " + std::to_string(value) + " is not in " + std::to_string(least) + ".." +
               std::to_string(most));
}

/// @throws Error  if a MIDI file cannot hold the changes; the functions below do the same
inline void add_tempo(const TempoMap& tempo, const std::string& whose, MtrkWriter& out) {
  for (const TempoChange& change : tempo.changes()) {
    if (change.tick < 0 || change.tick > last_midi_tick)
      throw Error(whose + ": a tempo change at tick " + std::to_string(change.tick));
    const std::uint32_t microseconds = change.microseconds_per_quarter;
    if (microseconds < 1 || microseconds > 0xFFFFFF)
      throw Error(whose + ": a tempo of " + std::to_string(microseconds) + " microseconds a quarter");
    MidiBytes& bytes = out.add(change.tick, midi_order::tempo);
    bytes.byte(midi_status::meta), bytes.byte(static_cast<unsigned>(MetaType::tempo)), bytes.byte(3);
    bytes.big_endian(microseconds, 3);
  }
}

inline void add_signatures(const Score& score, MtrkWriter& out) {
  const std::string whose = "score";
  for (std::size_t k = 0; k < score.time_signatures.size(); ++k) {
    const auto& [tick, numerator, denominator, clocks, thirty_seconds] = score.time_signatures[k];
    constexpr const char* what = "time signature";
    require_in(tick, 0, last_midi_tick, "tick", whose, what, k);
    require_in(numerator, 1, 255, "numerator", whose, what, k);
    require_in(denominator, 1, 1 << 15, "denominator", whose, what, k);
    require_in(clocks, 0, 255, "clocks_per_click", whose, what, k);
    require_in(thirty_seconds, 0, 255, "thirty_seconds_a_quarter", whose, what, k);
    const auto whole = static_cast<unsigned>(denominator);
    if (!std::has_single_bit(whole))
      refuse(whose, what, k, "denominator " + std::to_string(denominator) + " is not a power of 2");
    out.add(tick, midi_order::signature,
            {midi_status::meta, static_cast<unsigned>(MetaType::time_signature), 4, static_cast<unsigned>(numerator),
             static_cast<unsigned>(std::countr_zero(whole)), static_cast<unsigned>(clocks),
             static_cast<unsigned>(thirty_seconds)});
  }
  for (std::size_t k = 0; k < score.key_signatures.size(); ++k) {
    const auto& [tick, sharps, minor] = score.key_signatures[k];
    require_in(tick, 0, last_midi_tick, "tick", whose, "key signature", k);
    require_in(sharps, -7, 7, "sharps", whose, "key signature", k);
    out.add(tick, midi_order::signature,
            {midi_status::meta, static_cast<unsigned>(MetaType::key_signature), 2, static_cast<unsigned>(sharps) & 0xFF,
             minor});
  }
}

inline void add_texts(std::span<const MetaEvent> texts, std::span<const SysEx> sysex, const std::string& whose,
                      MtrkWriter& out) {
  for (std::size_t k = 0; k < texts.size(); ++k) {
    const MetaEvent& text = texts[k];
    require_in(text.tick, 0, last_midi_tick, "tick", whose, "text", k);
    if (text.type == MetaType::end_of_track || text.type == MetaType::tempo)
      refuse(whose, "text", k, "type " + std::to_string(static_cast<int>(text.type)) + " is not a text");
    out.add(text.tick, midi_order::text).meta(text.type, text.data);
  }
  for (std::size_t k = 0; k < sysex.size(); ++k) {
    require_in(sysex[k].tick, 0, last_midi_tick, "tick", whose, "system exclusive event", k);
    MidiBytes& bytes = out.add(sysex[k].tick, midi_order::sysex);
    bytes.byte(sysex[k].continues ? midi_status::sysex_more : midi_status::sysex);
    bytes.block({reinterpret_cast<const char*>(sysex[k].bytes.data()), sysex[k].bytes.size()});
  }
}

/// What belongs to the score, except for the tempo.
inline void add_score(const Score& score, MtrkWriter& out) {
  add_signatures(score, out);
  for (std::size_t k = 0; k < score.markers.size(); ++k) {
    require_in(score.markers[k].tick, 0, last_midi_tick, "tick", "score", "marker", k);
    out.add(score.markers[k].tick, midi_order::text).meta(MetaType::marker, score.markers[k].text);
  }
  add_texts(score.texts, score.sysex, "score", out);
}

/// When a track's channel first has an event that gives it its place among the tracks of its chunk; no tick if never.
struct TrackPlace {
  int channel;
  std::optional<std::int64_t> tick;
  bool is_empty = false;  // a channel without any event
};

/// @throws Error  naming track and note, both counted from 0
inline void add_notes(const Track& track, const std::string& whose, std::size_t order, MtrkWriter& out) {
  const auto channel = static_cast<unsigned>(track.channel);
  for (std::size_t k = 0; k < track.notes.size(); ++k) {
    const TickNote& note = track.notes[k];
    if (note.pitch > 127) refuse(whose, "note", k, "pitch " + std::to_string(note.pitch) + " is over 127");
    if (note.start < 0 || note.end <= note.start || note.end > last_midi_tick)
      refuse(whose, "note", k, "lasts from tick " + std::to_string(note.start) + " to " + std::to_string(note.end));
    const unsigned velocity = std::clamp<unsigned>(note.velocity, 1, 127),
                   release = std::min<unsigned>(note.release, 127);
    out.add(note.start, order + midi_order::start, {midi_status::note_on | channel, note.pitch, velocity});
    out.add(note.end, order + midi_order::end, {midi_status::note_off | channel, note.pitch, release});
  }
}

inline void add_event(const ChannelEvent& event, unsigned channel, const std::string& whose, std::size_t k,
                      std::size_t order, MtrkWriter& out) {
  using Kind = ChannelEvent::Kind;
  constexpr std::size_t slots[] = {midi_order::before_ends, midi_order::between, midi_order::after_starts};
  constexpr unsigned char statuses[] = {midi_status::key_pressure, midi_status::control, midi_status::program,
                                        midi_status::channel_pressure, midi_status::pitch_bend};
  require_in(event.tick, 0, last_midi_tick, "tick", whose, "event", k);
  require_in(event.number, 0, 127, "number", whose, "event", k);
  const bool is_bend = event.kind == Kind::pitch_bend;
  require_in(event.value, is_bend ? -pitch_bend_center : 0, is_bend ? pitch_bend_center - 1 : 127, "value", whose,
             "event", k);
  MidiBytes& bytes = out.add(event.tick, order + slots[static_cast<std::size_t>(event.place)]);
  bytes.byte(statuses[static_cast<std::size_t>(event.kind)] | channel);
  const auto value = static_cast<unsigned>(is_bend ? event.value + pitch_bend_center : event.value);
  if (event.kind == Kind::key_pressure || event.kind == Kind::control) bytes.byte(event.number);
  bytes.byte(value & 0x7F);
  if (is_bend) bytes.byte(value >> 7);
}

/// The track's events, by tick, changed so that `track.program` is in force at its first note.
inline std::vector<ChannelEvent> events_to_write(const Track& track, const ChannelPrograms& programs) {
  std::vector<ChannelEvent> events = track.events;
  sort_by_tick(events);
  const auto first = std::min_element(track.notes.begin(), track.notes.end(), by_onset);
  const std::size_t found = program_in_force(
      events, first == track.notes.end() ? std::span<const TickNote>() : std::span<const TickNote>(&*first, 1));
  if (found != events.size())
    events[found].value = static_cast<std::int16_t>(track.program);
  else if (track.has_program || track.program != programs.borrowed(track))
    events.insert(events.begin(), ChannelEvent::program(0, track.program));
  return events;
}

/// @param index  of the track in its chunk
inline TrackPlace add_track(const Track& track, const std::string& whose, std::size_t index,
                            const ChannelPrograms& programs, MtrkWriter& out) {
  add_texts(track.texts, track.sysex, whose, out);
  if (track.channel == no_channel) {
    if (!track.notes.empty() || !track.events.empty()) throw Error(whose + ": has notes or events and no channel");
    return {no_channel, {}};
  }
  if (track.channel < 0 || track.channel > 15) throw Error(whose + ": channel " + std::to_string(track.channel));
  if (track.program < 0 || track.program > 127) throw Error(whose + ": program " + std::to_string(track.program));
  const std::size_t order = midi_order::first_track + index * midi_order::a_track;
  const auto events = events_to_write(track, programs);
  TrackPlace place{track.channel, {}, events.empty() && track.notes.empty()};
  const auto appears = [&](std::int64_t tick) { place.tick = std::min(tick, place.tick.value_or(tick)); };
  for (std::size_t k = 0; k < events.size(); ++k) {
    add_event(events[k], static_cast<unsigned>(track.channel), whose, k, order, out);
    if (events[k].kind == ChannelEvent::Kind::control || is_program(events[k])) appears(events[k].tick);
  }
  add_notes(track, whose, order, out);
  for (const TickNote& note : track.notes) appears(note.start);
  return place;
}

/// Adds note-offs that end nothing, where a reader would otherwise find the tracks of a chunk in another order or miss
/// some of them.
inline void add_places(std::span<const TrackPlace> places, MtrkWriter& out) {
  const auto rank = [](const TrackPlace& place) {
    return place.tick.value_or(std::numeric_limits<std::int64_t>::max());
  };
  bool as_read = true;
  for (std::size_t k = 0; k < places.size(); ++k) {
    as_read &= !places[k].is_empty;
    if (k == 0) continue;
    const TrackPlace &a = places[k - 1], &b = places[k];
    as_read &= rank(a) < rank(b) || (rank(a) == rank(b) && (a.tick || a.channel < b.channel));
  }
  if (as_read) return;
  for (const TrackPlace& place : places)
    if (place.channel != no_channel)
      out.add(0, midi_order::place, {midi_status::note_off | static_cast<unsigned>(place.channel), 0, 0});
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
