// Definitions of smf_reader.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/files.hpp"
#include "../core/text.hpp"
#include "by_tick.hpp"
#include "midi_faults.hpp"
#include "mtrk_reader.hpp"
#include "programs.hpp"
#include "smf_reader.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// Reads the whole file: header and chunks.
class SmfReader {
 public:
  SmfReader(std::span<const unsigned char> bytes, const std::filesystem::path& file, const MidiReadOptions& options)
      : bytes_(bytes), end_(bytes.size()), sustain_(options.sustain), faults_(file, options.strict) {}

  Score read() {
    unwrap();
    header();
    while (end_ - at_ >= 8) chunk();
    if (at_ != end_) faults_(at_, counted(end_ - at_, "byte") + " after the last chunk");
    if (mtrks_ != announced_)
      faults_(header_ + 10, counted(announced_, "track") + " announced, " + std::to_string(mtrks_) + " found");
    if (score_.format == 0 && mtrks_ > 1) {
      faults_(header_ + 8, "format 0 with " + counted(mtrks_, "track"));
      score_.format = 1;
    }
    if (score_.format == 0)  // one MTrk for everything
      for (Track& track : score_.tracks) track.chunk = own_chunk;
    score_.tempo = TempoMap(division_, std::move(tempo_));
    settle(score_.time_signatures);
    settle(score_.key_signatures);
    settle(score_.markers);
    if (score_.format != 2) borrow_programs();
    score_.warnings = faults_.take_lines();
    return std::move(score_);
  }

 private:
  /// In a RIFF file, looks only at the data chunk.
  void unwrap() {
    if (!has("RIFF", 0) || !has("RMID", 8)) return;
    for (std::size_t at = 12; bytes_.size() - at >= 8;) {
      const std::uint64_t length = std::uint64_t{bytes_[at + 4]} | std::uint64_t{bytes_[at + 5]} << 8 |
                                   std::uint64_t{bytes_[at + 6]} << 16 | std::uint64_t{bytes_[at + 7]} << 24;
      const bool found = has("data", at);
      at += 8;
      const bool whole = length <= bytes_.size() - at;
      if (found) {
        if (!whole) faults_(at - 4, chunk_too_long(length, bytes_.size() - at));
        at_ = at;
        end_ = whole ? at + length : bytes_.size();
        return;
      }
      if (!whole) break;
      at += std::min<std::uint64_t>(length + length % 2, bytes_.size() - at);  // chunks begin at even offsets
    }
    faults_.fatal(bytes_.size(), "the RIFF file has no data chunk");
  }

  void header() {
    header_ = at_;
    if (bytes_.empty()) faults_.fatal(0, "is empty");
    if (const auto size = std::min<std::size_t>(4, end_ - at_); !has(std::string_view("MThd").substr(0, size), at_))
      faults_.fatal(at_, "is not a MIDI file (no MThd)");
    if (end_ - at_ < 14) faults_.fatal(end_, "the header is cut short");
    std::size_t length = u32(at_ + 4);
    if (length < 6) faults_.fatal(at_ + 4, "the header has " + counted(length, "byte") + ", not 6");
    if (length > end_ - at_ - 8) {
      faults_(at_ + 4, chunk_too_long(length, end_ - at_ - 8));
      length = 6;
    }
    score_.format = static_cast<int>(u16(at_ + 8));
    if (score_.format > 2) {
      faults_(at_ + 8, "format " + std::to_string(score_.format));
      score_.format = 1;
    }
    announced_ = u16(at_ + 10);
    division_ = static_cast<std::uint16_t>(u16(at_ + 12));
    check_division(at_ + 12);
    at_ += 8 + length;
  }

  void check_division(std::size_t byte) {
    if (division_ == 0) faults_.fatal(byte, "the division is 0");
    if (!(division_ & 0x8000)) return;
    if ((division_ & 0xFF) == 0) faults_.fatal(byte, "the division is 0 ticks a frame");
    const int frames = 256 - (division_ >> 8);
    if (frames != 24 && frames != 25 && frames != 29 && frames != 30)
      faults_(byte, "the division has " + std::to_string(frames) + " frames a second");
  }

  void chunk() {
    std::size_t length = u32(at_ + 4);
    const std::string type(reinterpret_cast<const char*>(bytes_.data() + at_), 4);
    const bool is_track = type == "MTrk";
    at_ += 8;
    if (length > end_ - at_) {
      faults_(at_ - 4, chunk_too_long(length, end_ - at_));
      length = end_ - at_;
    }
    if (!is_track) {
      const auto content = bytes_.subspan(at_, length);
      score_.other_chunks.push_back({type, {content.begin(), content.end()}});
    } else {
      track(MtrkReader(bytes_, at_, at_ + length, sustain_, score_.format == 2, faults_).read());
    }
    at_ += length;
  }

  /// Takes the content of an MTrk: a Track for each of its channels.
  void track(Mtrk mtrk) {
    const bool is_first = mtrks_++ == 0, is_piece = score_.format == 2;
    const std::size_t first = score_.tracks.size();
    for (const auto& channel : mtrk.channels) score_.tracks.push_back(channel->take());
    if (mtrk.channels.empty()) {
      if (is_first && !is_piece) return score_itself(std::move(mtrk));
      score_.tracks.emplace_back().channel = no_channel;
      score_.tracks.back().has_program = false;
    }
    const bool shares = score_.tracks.size() - first > 1;
    const int chunk = is_first && !is_piece ? 0 : shares ? ++chunks_ : own_chunk;
    for (std::size_t k = first; k < score_.tracks.size(); ++k) {
      Track& track = score_.tracks[k];
      track.name = mtrk.name;
      track.chunk = chunk;
      if (is_piece) track.own_tempo = TempoMap(division_, mtrk.tempo);
    }
    score_.tracks[first].texts = std::move(mtrk.texts);
    score_.tracks[first].sysex = std::move(mtrk.sysex);
    if (!is_piece) of_all(mtrk);
  }

  /// The first MTrk, if it plays nothing.
  void score_itself(Mtrk mtrk) {
    of_all(mtrk);
    score_.name = std::move(mtrk.name);
    score_.texts = std::move(mtrk.texts);
    score_.sysex = std::move(mtrk.sysex);
  }

  /// What applies to all MTrks.
  void of_all(const Mtrk& mtrk) {
    append(tempo_, mtrk.tempo);
    append(score_.time_signatures, mtrk.time_signatures);
    append(score_.key_signatures, mtrk.key_signatures);
    append(score_.markers, mtrk.markers);
  }

  template <class Event>
  static void append(std::vector<Event>& all, const std::vector<Event>& more) {
    all.insert(all.end(), more.begin(), more.end());
  }

  /// By tick. What several MTrks repeat at one tick is kept once.
  template <class Event>
  static void settle(std::vector<Event>& events) {
    sort_by_tick(events);
    events.erase(std::unique(events.begin(), events.end()), events.end());
  }

  /// Gives tracks without a program of their own those that other tracks set on their channel.
  void borrow_programs() {
    const auto has_program = [](const Track& track) { return track.has_program; };
    if (std::all_of(score_.tracks.begin(), score_.tracks.end(), has_program)) return;
    const ChannelPrograms programs(score_.tracks);
    for (Track& track : score_.tracks)
      if (!track.has_program) track.program = programs.borrowed(track);
  }

  bool has(std::string_view text, std::size_t at) const {
    return at <= bytes_.size() && text.size() <= bytes_.size() - at &&
           std::equal(text.begin(), text.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  std::uint32_t u16(std::size_t at) const { return big_endian(bytes_.subspan(at, 2)); }
  std::uint32_t u32(std::size_t at) const { return big_endian(bytes_.subspan(at, 4)); }
  static std::string chunk_too_long(std::uint64_t length, std::size_t left) {
    return "a chunk of " + counted(length, "byte") + " where " + std::to_string(left) + " are left";
  }

  std::span<const unsigned char> bytes_;
  std::size_t at_ = 0, end_, header_ = 0, announced_ = 0, mtrks_ = 0;
  bool sustain_;
  MidiFaults faults_;
  Score score_;
  std::uint16_t division_ = 0;
  std::vector<TempoChange> tempo_;
  int chunks_ = 0;  // MTrks with several channels so far, not counting the first MTrk
};

}  // namespace detail

MUSICGEN_INLINE Score parse_midi(std::span<const unsigned char> bytes, const std::filesystem::path& name,
                                 const MidiReadOptions& options) {
  return detail::SmfReader(bytes, name, options).read();
}

MUSICGEN_INLINE Score read_midi(std::span<const unsigned char> bytes, const MidiReadOptions& options) {
  return parse_midi(bytes, "MIDI data", options);
}

MUSICGEN_INLINE Score read_midi(std::span<const std::byte> bytes, const MidiReadOptions& options) {
  return read_midi(std::span(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()), options);
}

MUSICGEN_INLINE Score read_midi(const std::filesystem::path& file, const MidiReadOptions& options) {
  return parse_midi(read_bytes(file), file, options);
}

MUSICGEN_INLINE bool has_midi_extension(const std::filesystem::path& file) {
  const std::string extension = detail::lower_case(file.extension().string());
  return extension == ".mid" || extension == ".midi" || extension == ".kar";
}

}  // namespace musicgen::inline MUSICGEN_ABI
