// Internal: reads one MTrk chunk of a Standard MIDI File.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../core/text.hpp"
#include "channel_reader.hpp"
#include "events.hpp"
#include "midi_faults.hpp"
#include "smf_format.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// The content of one MTrk chunk.
struct Mtrk {
  std::string name;  // the first one that is not blank
  std::vector<std::unique_ptr<ChannelReader>>
      channels;                    // ordered by first note, controller or program; then the others
  std::vector<TempoChange> tempo;  // this and the rest: by tick
  std::vector<TimeSignature> time_signatures;
  std::vector<KeySignature> key_signatures;
  std::vector<Marker> markers;
  std::vector<MetaEvent> texts;
  std::vector<SysEx> sysex;
};

class MtrkReader {
 public:
  /// @param begin, end  where the chunk's content is in `bytes`, which hold the whole file, so that offsets are too
  /// @param sustain     whether the pedal lengthens notes
  /// @param apart       format 2: signatures and markers belong to the track, and stay among its texts
  MtrkReader(std::span<const unsigned char> bytes, std::size_t begin, std::size_t end, bool sustain, bool apart,
             MidiFaults& faults)
      : bytes_(bytes), at_(begin), end_(end), sustain_(sustain), apart_(apart), faults_(faults) {}

  Mtrk read() {
    while (!over_ && at_ != end_) event();
    if (!over_) faults_(at_, "the track has no end-of-track event");
    if (at_ != end_) faults_(at_, counted(end_ - at_, "byte") + " after the end of the track");
    for (const int number : order_) mtrk_.channels.push_back(std::move(channels_[static_cast<std::size_t>(number)]));
    for (auto& channel : channels_)
      if (channel) mtrk_.channels.push_back(std::move(channel));
    for (const auto& channel : mtrk_.channels) {
      if (const auto count = channel->still_on())
        faults_(at_, counted(count, "note") + " still on at the end of the track");
      dropped(channel->finish(tick_));
    }
    return std::move(mtrk_);
  }

 private:
  void event() {
    const auto delta = number();
    if (!delta) return;
    if (*delta > last_midi_tick - tick_) return give_up(at_, "the track goes beyond 2^48 ticks");
    event_ = at_;
    const unsigned char status = next_status();
    if (status == 0) return give_up(at_, "the track ends within an event");
    tick_ += *delta;
    if (status < midi_status::sysex) return channel_event(status);
    if (status < midi_status::real_time || status == midi_status::meta) cancelled_ = true;
    if (status == midi_status::meta) return meta_event();
    if (status == midi_status::sysex || status == midi_status::sysex_more) return system_exclusive(status);
    faults_(event_, "status byte " + std::to_string(status) + " has no place in a file");
    for (int data = status == 0xF2 ? 2 : status == 0xF1 || status == 0xF3; data > 0 && is_data(); --data) ++at_;
  }

  /// The status byte of the next event, read or running; 0 if there is none before the end.
  unsigned char next_status() {
    if (is_data() && running_ != 0) {
      if (cancelled_) faults_(at_, "running status after a meta or system exclusive event");
      cancelled_ = false;
      return running_;
    }
    const auto from = at_;
    while (is_data()) ++at_;
    if (at_ != from) faults_(from, counted(at_ - from, "data byte") + " without a status");
    return at_ == end_ ? 0 : bytes_[at_++];
  }

  void channel_event(unsigned char status) {
    running_ = status;
    cancelled_ = false;
    const int kind = status & 0xF0;
    const std::size_t size = kind == midi_status::program || kind == midi_status::channel_pressure ? 1 : 2;
    if (end_ - at_ < size) return give_up(at_, "the track ends within an event");
    const unsigned char first = bytes_[at_];
    unsigned char second = size == 2 ? bytes_[at_ + 1] : 0;
    if (second > 127) {
      faults_(at_ + 1, "data byte " + std::to_string(second) + " taken as 127");
      second = 127;
    }
    at_ += size;
    if (first > 127) return faults_(at_ - size, "data byte " + std::to_string(first) + ": the event is skipped");
    const bool on = kind == midi_status::note_on, off = kind == midi_status::note_off;
    const bool gives_place = on || off || kind == midi_status::control || kind == midi_status::program;
    ChannelReader& reader = channel(status & 0x0F, gives_place);
    if (on && second > 0) return dropped(reader.on(tick_, first, second));
    if (on || off) return dropped(reader.off(tick_, first, off ? second : std::uint8_t{0}));
    dropped(reader.event(event_of(kind, first, second)));
  }

  ChannelEvent event_of(int kind, int first, int second) const {
    switch (kind) {
      case midi_status::key_pressure:
        return ChannelEvent::key_pressure(tick_, first, second);
      case midi_status::control:
        return ChannelEvent::control(tick_, first, second);
      case midi_status::program:
        return ChannelEvent::program(tick_, first);
      case midi_status::channel_pressure:
        return ChannelEvent::channel_pressure(tick_, first);
      default:
        return ChannelEvent::pitch_bend(tick_, (second << 7 | first) - pitch_bend_center);
    }
  }

  void system_exclusive(unsigned char status) {
    const auto data = block();
    mtrk_.sysex.push_back({tick_, {data.begin(), data.end()}, status == midi_status::sysex_more});
  }

  void meta_event() {
    if (at_ == end_) return give_up(at_, "the track ends within an event");
    const MetaType type{bytes_[at_++]};
    const auto data = block();
    if (type == MetaType::end_of_track) return void(over_ = true);
    if (type == MetaType::tempo) return tempo(data);
    if (type == MetaType::time_signature && !apart_) return time_signature(data);
    if (type == MetaType::key_signature && !apart_) return key_signature(data);
    const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
    if (type == MetaType::marker && !apart_) return mtrk_.markers.push_back({tick_, std::string(text)});
    if (type == MetaType::name && mtrk_.name.empty()) return void(mtrk_.name = trimmed(text));
    if (type == MetaType::text && text.empty()) return;  // the writer fills long pauses with them
    mtrk_.texts.push_back({tick_, type, std::string(text)});
  }

  void tempo(std::span<const unsigned char> data) {
    if (data.size() != 3) return faults_(event_, "a tempo of " + counted(data.size(), "byte"));
    const std::uint32_t microseconds = big_endian(data);
    if (microseconds == 0) return faults_(event_, "a tempo of 0 microseconds a quarter");
    mtrk_.tempo.push_back({tick_, microseconds});
  }

  void time_signature(std::span<const unsigned char> data) {
    if (data.size() != 4) return faults_(event_, "a time signature of " + counted(data.size(), "byte"));
    if (data[0] == 0 || data[1] > 15)
      return faults_(event_, "a time signature of " + std::to_string(data[0]) + " over 2^" + std::to_string(data[1]));
    mtrk_.time_signatures.push_back({tick_, data[0], 1 << data[1], data[2], data[3]});
  }

  void key_signature(std::span<const unsigned char> data) {
    if (data.size() != 2) return faults_(event_, "a key signature of " + counted(data.size(), "byte"));
    const int sharps = data[0] < 128 ? data[0] : data[0] - 256;
    if (sharps < -7 || sharps > 7 || data[1] > 1)
      return faults_(event_,
                     "a key signature of " + std::to_string(sharps) + " sharps and mode " + std::to_string(data[1]));
    mtrk_.key_signatures.push_back({tick_, sharps, data[1] == 1});
  }

  /// @param gives_place  whether this event gives the channel its place among the others, if no earlier one has
  ChannelReader& channel(int number, bool gives_place) {
    auto& reader = channels_[static_cast<std::size_t>(number)];
    if (!reader) reader = std::make_unique<ChannelReader>(number, sustain_);
    if (gives_place && std::find(order_.begin(), order_.end(), number) == order_.end()) order_.push_back(number);
    return *reader;
  }

  /// A variable-length number: 7 bits a byte, the top bit set on all but the last.
  std::optional<std::uint32_t> number() {
    std::uint32_t value = 0;
    const auto from = at_;
    for (int k = 0; k < 4; ++k) {
      if (at_ == end_) {
        faults_(at_, "the track ends within a number");
        return std::nullopt;
      }
      const unsigned char byte = bytes_[at_++];
      value = value << 7 | (byte & 0x7F);
      if (byte < 0x80) return value;
    }
    give_up(from, "a number of more than 4 bytes");
    return std::nullopt;
  }

  /// The content of a meta or system exclusive event: its length, then as many bytes.
  std::span<const unsigned char> block() {
    const auto from = at_;
    std::size_t length = number().value_or(0);
    if (length > end_ - at_) {
      faults_(from, "an event of " + counted(length, "byte") + " where " + std::to_string(end_ - at_) + " are left");
      length = end_ - at_;
    }
    at_ += length;
    return bytes_.subspan(at_ - length, length);
  }

  bool is_data() const { return at_ != end_ && bytes_[at_] < 0x80; }

  void give_up(std::size_t byte, const std::string& what) {
    faults_(byte, what);
    at_ = end_;
  }

  void dropped(std::size_t count) {
    if (count > 0) faults_(event_, counted(count, "note") + " of no length dropped");
  }

  std::span<const unsigned char> bytes_;
  std::size_t at_, end_, event_ = 0;  // event_: where the current event begins, after its delta time
  bool sustain_, apart_;
  MidiFaults& faults_;
  std::int64_t tick_ = 0;
  unsigned char running_ = 0;
  bool cancelled_ = false, over_ = false;
  Mtrk mtrk_;
  std::array<std::unique_ptr<ChannelReader>, 16> channels_{};  // by number
  std::vector<int> order_;                                     // numbers of those that have a place
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
