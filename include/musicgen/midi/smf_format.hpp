// Internal: what the reader and the writer of Standard MIDI Files agree on.
#pragma once

#include <cstdint>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// The largest variable-length number: 4 bytes of 7 bits.
inline constexpr std::uint32_t largest_midi_number = 0x0FFFFFFF;

/// No track goes beyond this tick, some thousand years at 960 ticks per quarter. The limit keeps all sums far from
/// overflow, and bounds the number of delta times that a writer has to split.
inline constexpr std::int64_t last_midi_tick = std::int64_t{1} << 48;

/// A pitch bend is a number of 14 bits; this one means no bend.
inline constexpr int pitch_bend_center = 0x2000;

/// The upper halves of the status bytes of channel events; the lower half is the channel.
namespace midi_status {
inline constexpr unsigned char note_off = 0x80, note_on = 0x90, key_pressure = 0xA0, control = 0xB0, program = 0xC0,
                               channel_pressure = 0xD0, pitch_bend = 0xE0;
inline constexpr unsigned char sysex = 0xF0, sysex_more = 0xF7, real_time = 0xF8, meta = 0xFF;
}  // namespace midi_status

}  // namespace musicgen::inline MUSICGEN_ABI::detail
