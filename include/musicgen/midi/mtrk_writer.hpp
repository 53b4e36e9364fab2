// Internal: sorts events by tick and writes them as an MTrk chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "by_tick.hpp"
#include "events.hpp"
#include "smf_format.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Appends to the bytes of a file.
class MidiBytes {
 public:
  void byte(unsigned value) { bytes.push_back(static_cast<unsigned char>(value)); }
  void text(std::string_view content) { bytes.insert(bytes.end(), content.begin(), content.end()); }
  void big_endian(std::uint32_t value, int size) {
    for (int k = size - 1; k >= 0; --k) byte(value >> 8 * k & 0xFF);
  }

  /// A variable-length number: 7 bits a byte, the top bit set on all but the last.
  void number(std::uint32_t value) {
    for (int shift = 21; shift > 0; shift -= 7)
      if (value >> shift) byte(0x80 | (value >> shift & 0x7F));
    byte(value & 0x7F);
  }

  /// A length, then as many bytes.
  void block(std::string_view content) {
    if (content.size() > largest_midi_number) throw Error("a text of over 256 MiB does not fit a MIDI file");
    number(static_cast<std::uint32_t>(content.size()));
    text(content);
  }

  void meta(MetaType type, std::string_view content) {
    byte(midi_status::meta), byte(static_cast<unsigned>(type));
    block(content);
  }

  std::vector<unsigned char> bytes;
};

/// The events of an MTrk chunk, added in any order.
class MtrkWriter {
 public:
  /// Begins an event. `order` gives its place among those of its tick; equal ones keep the order in which they were
  /// added.
  MidiBytes& add(std::int64_t tick, std::size_t order) {
    places_.push_back({tick, order, begins_.size()});
    begins_.push_back(content_.bytes.size());
    return content_;
  }
  void add(std::int64_t tick, std::size_t order, std::initializer_list<unsigned> bytes) {
    for (MidiBytes& out = add(tick, order); const unsigned value : bytes) out.byte(value);
  }

  /// Appends the chunk to a file.
  void write(std::string_view name, MidiBytes& out) {
    out.text("MTrk");
    const std::size_t begin = out.bytes.size();
    out.big_endian(0, 4);  // the length, filled in below
    if (!name.empty()) {
      out.number(0);
      out.meta(MetaType::name, name);
    }
    write_events(out);
    out.number(0);
    out.meta(MetaType::end_of_track, {});
    const std::size_t length = out.bytes.size() - begin - 4;
    if (length > std::numeric_limits<std::uint32_t>::max())
      throw Error("a track of over 4 GiB does not fit a MIDI file");
    for (std::size_t k = 0; k < 4; ++k) out.bytes[begin + k] = static_cast<unsigned char>(length >> (24 - 8 * k));
  }

 private:
  void write_events(MidiBytes& out) {
    begins_.push_back(content_.bytes.size());
    sort_places(places_);
    std::int64_t now = 0;
    const auto from = content_.bytes.begin();
    for (const EventPlace& event : places_) {
      delta(event.tick - now, out);
      now = event.tick;
      out.bytes.insert(out.bytes.end(), from + static_cast<std::ptrdiff_t>(begins_[event.place]),
                       from + static_cast<std::ptrdiff_t>(begins_[event.place + 1]));
    }
  }

  /// A delta time. One that is too large for a single number is split into several, with empty texts between them.
  static void delta(std::int64_t ticks, MidiBytes& out) {
    for (; ticks > largest_midi_number; ticks -= largest_midi_number) {
      out.number(largest_midi_number);
      out.meta(MetaType::text, {});
    }
    out.number(static_cast<std::uint32_t>(ticks));
  }

  MidiBytes content_;                // of all events, one after another
  std::vector<std::size_t> begins_;  // of each event, in the content
  std::vector<EventPlace> places_;   // where each event belongs
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
