// Reads one MTrk chunk of a Standard MIDI File: events into notes, programs and tempo changes.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../core/text.hpp"
#include "note_pairing.hpp"
#include "score.hpp"
#include "smf_format.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Throws a fault, or notes it down: the one difference between strict and tolerant.
class MidiFaults {
 public:
  MidiFaults(const std::filesystem::path& file, bool strict) : file_(file), strict_(strict) {}

  [[noreturn]] void fatal(std::size_t byte, const std::string& what) const { throw file_error(file_, byte, what); }

  void operator()(std::size_t byte, const std::string& what) {
    if (strict_) fatal(byte, what);
    if (++count_ <= most_lines) lines_.emplace_back(file_error(file_, byte, what).what());
  }

  std::vector<std::string> take_lines() {
    if (count_ > most_lines)
      lines_.emplace_back(file_error(file_, std::to_string(count_ - most_lines) + " more faults").what());
    return std::move(lines_);
  }

 private:
  static constexpr std::size_t most_lines = 20;

  const std::filesystem::path& file_;
  bool strict_;
  std::size_t count_ = 0;
  std::vector<std::string> lines_;
};

inline std::uint32_t big_endian(std::span<const unsigned char> bytes) {
  std::uint32_t value = 0;
  for (const unsigned char byte : bytes) value = value << 8 | byte;
  return value;
}

inline std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

/// What one MTrk chunk says.
struct Mtrk {
  struct Channel {
    int number;
    NotePairing notes;
    std::optional<int> program, first_program;                           // the latest; the one at the first note
    std::int64_t first_note = std::numeric_limits<std::int64_t>::max();  // its tick
  };
  struct ProgramChange {
    std::int64_t tick;
    int channel, program;
  };

  std::string name;                     // the first one that is not blank
  std::deque<Channel> channels;         // in order of appearance
  std::vector<TempoChange> tempo;       // by tick
  std::vector<ProgramChange> programs;  // by tick
};

class MtrkReader {
 public:
  /// @param begin, end  where the chunk's content is in `bytes`, which are the whole file's, so that offsets are
  MtrkReader(std::span<const unsigned char> bytes, std::size_t begin, std::size_t end, bool sustain, MidiFaults& faults)
      : bytes_(bytes), at_(begin), end_(end), sustain_(sustain), faults_(faults) {}

  Mtrk read() {
    while (!over_ && at_ != end_) event();
    if (!over_) faults_(at_, "the track has no end-of-track event");
    if (at_ != end_) faults_(at_, counted(end_ - at_, "byte") + " after the end of the track");
    for (Mtrk::Channel& channel : mtrk_.channels) {
      if (const auto count = channel.notes.still_on())
        faults_(at_, counted(count, "note") + " still on at the end of the track");
      dropped(channel.notes.finish(tick_));
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
    if (status == midi_status::sysex || status == midi_status::sysex_more) return void(block());
    faults_(event_, "status byte " + std::to_string(status) + " has no place in a file");
    for (int data = status == 0xF2 ? 2 : status == 0xF1 || status == 0xF3; data > 0 && is_data(); --data) ++at_;
  }

  /// The status byte of the event at hand, read or running on; 0 if there is none before the end.
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
    if (kind == midi_status::note_on && second > 0) return note_on(channel(status), first, second);
    if (kind == midi_status::note_on || kind == midi_status::note_off)
      return dropped(channel(status).notes.off(tick_, first));
    if (kind == midi_status::control) return control(channel(status), first, second);
    if (kind == midi_status::program) return program_change(channel(status), first);
  }

  void note_on(Mtrk::Channel& channel, unsigned char pitch, unsigned char velocity) {
    if (channel.first_note > tick_) {
      channel.first_note = tick_;
      channel.first_program = channel.program;
    }
    dropped(channel.notes.on(tick_, pitch, velocity));
  }

  void control(Mtrk::Channel& channel, unsigned char controller, unsigned char value) {
    if (sustain_ && controller == 64) dropped(channel.notes.pedal(tick_, value >= 64));
  }

  void program_change(Mtrk::Channel& channel, unsigned char program) {
    channel.program = program;
    mtrk_.programs.push_back({tick_, channel.number, program});
  }

  void meta_event() {
    if (at_ == end_) return give_up(at_, "the track ends within an event");
    const unsigned char type = bytes_[at_++];
    const auto data = block();
    if (type == midi_meta::end_of_track) over_ = true;
    if (type == midi_meta::track_name && mtrk_.name.empty())
      mtrk_.name = trimmed({reinterpret_cast<const char*>(data.data()), data.size()});
    if (type != midi_meta::tempo) return;
    if (data.size() != 3) return faults_(event_, "a tempo of " + counted(data.size(), "byte"));
    const std::uint32_t microseconds = big_endian(data);
    if (microseconds == 0) return faults_(event_, "a tempo of 0 microseconds a quarter");
    mtrk_.tempo.push_back({tick_, microseconds});
  }

  Mtrk::Channel& channel(unsigned char status) {
    const int number = status & 0x0F;
    Mtrk::Channel*& known = by_number_[static_cast<std::size_t>(number)];
    if (!known) {
      known = &mtrk_.channels.emplace_back();
      known->number = number;
    }
    return *known;
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

  /// The content of a meta or system exclusive event: its length, then so many bytes.
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
  std::size_t at_, end_, event_ = 0;  // event_: where the event at hand begins, after its delta time
  bool sustain_;
  MidiFaults& faults_;
  std::int64_t tick_ = 0;
  unsigned char running_ = 0;
  bool cancelled_ = false, over_ = false;
  Mtrk mtrk_;
  std::array<Mtrk::Channel*, 16> by_number_{};  // of those in mtrk_
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
