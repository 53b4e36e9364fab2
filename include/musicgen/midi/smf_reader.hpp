// Reads Standard MIDI Files 1.0, formats 0, 1 and 2, bare or in a RIFF file (RMID).
//
// MIDI files in the wild are full of small faults, so the reader is tolerant unless asked otherwise: it makes the best
// of a fault and says so in `Score::warnings`. With `strict` the same faults are errors. What is tolerated, and how:
//
// - running status that goes on after a meta or system exclusive event, which cancel it: it counts;
// - status bytes F1 to FE, and data bytes that belong to no event: skipped;
// - data bytes over 127: a velocity or controller value is taken as 127, any other event is skipped;
// - variable-length numbers of more than 4 bytes: the track ends there;
// - chunks and events longer than the bytes that are left: they have what is left;
// - no end-of-track event, notes that are never switched off: they end at the track's last event;
// - bytes after the end of a track or after the last chunk: skipped;
// - notes of no length: dropped;
// - tempos of 0, or of other than 3 bytes: skipped;
// - another number of tracks than announced: all that are there are read;
// - format 0 with several tracks, formats over 2: read as format 1;
// - SMPTE frames a second other than 24, 25, 29 (which stands for 29.97) and 30: taken at their word.
//
// Errors always: no header or one cut short, a division of 0.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../core/files.hpp"
#include "mtrk_reader.hpp"
#include "score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct MidiReadOptions {
  bool strict = false;   ///< a fault is an error, not a warning
  bool sustain = false;  ///< the sustain pedal (controller 64, at least 64: down) lengthens notes
};

namespace detail {

/// Reads the file as a whole: header and chunks.
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
    score_.tempo = TempoMap(division_, std::move(tempo_));
    if (score_.format != 2) borrow_programs();
    score_.warnings = faults_.take_lines();
    return std::move(score_);
  }

 private:
  /// Of a RIFF file, looks at the data chunk alone.
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
      faults_.fatal(at_, "is no MIDI file (no MThd)");
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
    const bool is_track = has("MTrk", at_);
    at_ += 8;
    if (length > end_ - at_) {
      faults_(at_ - 4, chunk_too_long(length, end_ - at_));
      length = end_ - at_;
    }
    if (is_track) track(MtrkReader(bytes_, at_, at_ + length, sustain_, faults_).read());
    at_ += length;
  }

  /// Takes over what a MTrk has: a Track for each of its channels.
  void track(Mtrk mtrk) {
    ++mtrks_;
    for (Mtrk::Channel& channel : mtrk.channels) {
      const auto program = channel.first_program ? channel.first_program : channel.program;
      if (!program) without_program_.emplace_back(score_.tracks.size(), channel.first_note);
      Track& track = score_.tracks.emplace_back();
      track.name = mtrk.name;
      track.channel = channel.number;
      track.program = program.value_or(0);
      track.notes = channel.notes.take();
      if (score_.format == 2) track.own_tempo = TempoMap(division_, mtrk.tempo);
    }
    if (score_.format == 2) return;
    tempo_.insert(tempo_.end(), mtrk.tempo.begin(), mtrk.tempo.end());
    for (const auto& change : mtrk.programs) programs_[static_cast<std::size_t>(change.channel)].push_back(change);
  }

  /// A track without programs of its own has those that other tracks set on its channel: again the one in force at its
  /// first note, else the last.
  void borrow_programs() {
    const auto earlier = [](const auto& a, const auto& b) { return a.tick < b.tick; };
    for (auto& changes : programs_) std::stable_sort(changes.begin(), changes.end(), earlier);
    for (const auto& [index, first_note] : without_program_) {
      Track& track = score_.tracks[index];
      const auto& changes = programs_[static_cast<std::size_t>(track.channel)];
      if (changes.empty()) continue;
      const auto later = std::upper_bound(changes.begin(), changes.end(), first_note,
                                          [](std::int64_t tick, const auto& change) { return tick < change.tick; });
      track.program = (later == changes.begin() ? changes.back() : *std::prev(later)).program;
    }
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
  std::array<std::vector<Mtrk::ProgramChange>, 16> programs_;          // by channel
  std::vector<std::pair<std::size_t, std::int64_t>> without_program_;  // track, tick of its first note
};

}  // namespace detail

/// Reads a MIDI file that is already in memory.
///
/// Each channel of each MIDI track (MTrk chunk) that has a note, controller or program change becomes a `Track`, in
/// order of appearance, with the name of its MTrk and the program in force at its first note (else the last one that
/// the MTrk sets, else in the same way what other MTrks set on its channel). Notes are paired as `NotePairing` says;
/// the sustain pedal, if asked for, holds for its channel within its MTrk. Tempo changes of all MTrks count for all;
/// in format 2, where each MTrk is a piece of its own, each Track has its own tempo instead. Lyrics, signatures and
/// controllers are not kept.
///
/// Takes time and memory in proportion to the number of bytes, whatever they are.
///
/// @param name  of the file, for messages
/// @throws Error  "song.mid: byte 12: the division is 0"
inline Score parse_midi(std::span<const unsigned char> bytes, const std::filesystem::path& name,
                        const MidiReadOptions& options = {}) {
  return detail::SmfReader(bytes, name, options).read();
}

/// Reads a MIDI file, see `parse_midi`.
/// @throws Error
inline Score read_midi(const std::filesystem::path& file, const MidiReadOptions& options = {}) {
  return parse_midi(read_bytes(file), file, options);
}

/// Whether a file's name ends like a MIDI file's: .mid, .midi or .kar, in any case.
inline bool has_midi_extension(const std::filesystem::path& file) {
  const std::string extension = detail::lower_case(file.extension().string());
  return extension == ".mid" || extension == ".midi" || extension == ".kar";
}

}  // namespace musicgen::inline MUSICGEN_ABI
