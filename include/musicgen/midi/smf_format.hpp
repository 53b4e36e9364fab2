// What the reader and the writer of Standard MIDI Files agree on.
#pragma once

#include <cstdint>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// The largest variable-length number: 4 bytes of 7 bits.
inline constexpr std::uint32_t largest_midi_number = 0x0FFFFFFF;

/// No track goes beyond this tick: at 960 ticks a quarter, some thousand years. It keeps every sum far from overflow,
/// and what a writer must spell out within bounds.
inline constexpr std::int64_t last_midi_tick = std::int64_t{1} << 48;

/// Upper halves of the status bytes of channel events; the lower half is the channel.
namespace midi_status {
inline constexpr unsigned char note_off = 0x80, note_on = 0x90, control = 0xB0, program = 0xC0, channel_pressure = 0xD0;
inline constexpr unsigned char sysex = 0xF0, sysex_more = 0xF7, real_time = 0xF8, meta = 0xFF;
}  // namespace midi_status

/// Types of meta events.
namespace midi_meta {
inline constexpr unsigned char text = 0x01, track_name = 0x03, end_of_track = 0x2F, tempo = 0x51;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
