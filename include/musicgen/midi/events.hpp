// What a MIDI file holds besides notes, each with its tick.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct TempoChange {
  std::int64_t tick;
  std::uint32_t microseconds_per_quarter;  ///< 1..2^24-1
  bool operator==(const TempoChange&) const = default;
};

struct TimeSignature {
  std::int64_t tick;
  int numerator, denominator;        ///< 6/8: 6 and 8; 1..255, and a power of 2 up to 2^15
  int clocks_per_click = 24;         ///< of the metronome; there are 24 MIDI clocks per quarter
  int thirty_seconds_a_quarter = 8;  ///< how many notated 32nds the 24 MIDI clocks are
  bool operator==(const TimeSignature&) const = default;
};

struct KeySignature {
  std::int64_t tick;
  int sharps;  ///< -7..7; negative: flats
  bool minor = false;
  bool operator==(const KeySignature&) const = default;
};

/// A name for a place in the piece: "Verse 1".
struct Marker {
  std::int64_t tick;
  std::string text;  ///< the bytes of the file; MIDI files do not say how they are encoded
  bool operator==(const Marker&) const = default;
};

/// Some types of meta events; any other byte is allowed too.
enum class MetaType : std::uint8_t {
  sequence_number = 0x00,
  text = 0x01,
  copyright = 0x02,
  name = 0x03,
  instrument = 0x04,
  lyric = 0x05,
  marker = 0x06,
  cue = 0x07,
  program_name = 0x08,
  device_name = 0x09,
  channel_prefix = 0x20,
  port = 0x21,
  end_of_track = 0x2F,
  tempo = 0x51,
  smpte_offset = 0x54,
  time_signature = 0x58,
  key_signature = 0x59,
  sequencer_specific = 0x7F
};

/// A text, or any other meta event. Its bytes are kept, whether its type is known or not.
struct MetaEvent {
  std::int64_t tick;
  MetaType type;
  std::string data;
  bool is_text() const { return type >= MetaType::text && type <= MetaType{0x0F}; }
  bool operator==(const MetaEvent&) const = default;
};

/// A system exclusive event, or part of one.
struct SysEx {
  std::int64_t tick;
  std::vector<unsigned char> bytes;  ///< what follows its length in the file; ends in F7 unless more parts follow
  bool continues = false;            ///< F7 instead of F0: continues the one before, or is sent as it is
  bool operator==(const SysEx&) const = default;
};

/// A chunk of the file that is not a track, of a kind that not every reader knows.
struct OtherChunk {
  std::string type;  ///< 4 bytes, not "MTrk"
  std::vector<unsigned char> bytes;
  bool operator==(const OtherChunk&) const = default;
};

/// What a channel is told besides notes.
struct ChannelEvent {
  enum class Kind : std::uint8_t { key_pressure, control, program, channel_pressure, pitch_bend };
  /// Its place among the notes of the track that end or start at its tick. Whether a pedal that goes down as a note
  /// ends holds that note depends on which comes first.
  enum class Place : std::uint8_t { before_ends, between, after_starts };

  std::int64_t tick;
  Kind kind;
  std::uint8_t number;  ///< control: the controller, 0..127; key_pressure: the pitch; others: 0
  std::int16_t value;   ///< 0..127; pitch_bend: -8192..8191, 0 is no bend
  Place place = Place::between;

  static ChannelEvent control(std::int64_t tick, int controller, int value) {
    return {tick, Kind::control, static_cast<std::uint8_t>(controller), static_cast<std::int16_t>(value)};
  }
  static ChannelEvent program(std::int64_t tick, int program) {
    return {tick, Kind::program, 0, static_cast<std::int16_t>(program)};
  }
  static ChannelEvent pitch_bend(std::int64_t tick, int value) {
    return {tick, Kind::pitch_bend, 0, static_cast<std::int16_t>(value)};
  }
  static ChannelEvent channel_pressure(std::int64_t tick, int value) {
    return {tick, Kind::channel_pressure, 0, static_cast<std::int16_t>(value)};
  }
  static ChannelEvent key_pressure(std::int64_t tick, int pitch, int value) {
    return {tick, Kind::key_pressure, static_cast<std::uint8_t>(pitch), static_cast<std::int16_t>(value)};
  }
  bool operator==(const ChannelEvent&) const = default;
};

}  // namespace musicgen::inline MUSICGEN_ABI
