// A piece of music: tracks of notes in ticks, and the tempo map that makes ticks seconds.
//
// Ticks are kept because they are what a MIDI file says: reading, writing and reading again gives the same notes.
// Seconds are what everything else wants; `Score::notes()` has them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// A sounding note, in seconds from the start of the piece.
struct Note {
  double start, end;  ///< seconds
  int pitch;          ///< 0..127, 60 is middle C
  int velocity;       ///< 1..127
  int track;          ///< which of the score's melodic tracks, from 0
  bool operator==(const Note&) const = default;
};

/// A note as a file has it, in ticks.
struct TickNote {
  std::int64_t start, end;       ///< ticks, start < end
  std::uint8_t pitch, velocity;  ///< 0..127, 1..127
  bool operator==(const TickNote&) const = default;
};

struct TempoChange {
  std::int64_t tick;
  std::uint32_t microseconds_per_quarter;
  bool operator==(const TempoChange&) const = default;
};

/// How ticks become seconds (Standard MIDI Files 1.0: the header's division, and set-tempo events).
class TempoMap {
 public:
  /// @param division  as the header has it: ticks a quarter note or, when the top bit is set, SMPTE frames a second
  ///                  (negated, upper byte; 29 means 30000/1001) and ticks a frame (lower byte); not 0
  /// @param changes   any order; of several at one tick the last counts; 120 quarters a minute until the first
  explicit TempoMap(std::uint16_t division = 500, std::vector<TempoChange> changes = {})
      : division_(division), changes_(std::move(changes)) {
    std::stable_sort(changes_.begin(), changes_.end(), [](auto& a, auto& b) { return a.tick < b.tick; });
    Segment at{0, 0.0, seconds_per_tick(500000)};
    segments_.push_back(at);
    if (is_smpte()) return;
    for (const TempoChange& change : changes_) {
      at = {change.tick, seconds(change.tick), seconds_per_tick(change.microseconds_per_quarter)};
      if (segments_.back().tick == at.tick) segments_.pop_back();
      segments_.push_back(at);
    }
  }

  std::uint16_t division() const { return division_; }
  const std::vector<TempoChange>& changes() const { return changes_; }  ///< by tick
  bool is_smpte() const { return division_ & 0x8000; }

  double seconds(std::int64_t tick) const {
    const Segment& s = *std::prev(std::upper_bound(segments_.begin() + 1, segments_.end(), tick,
                                                   [](std::int64_t t, const Segment& s) { return t < s.tick; }));
    return s.seconds + static_cast<double>(tick - s.tick) * s.seconds_per_tick;
  }
  /// The tick nearest to `seconds`.
  std::int64_t tick(double seconds) const {
    const Segment& s = *std::prev(std::upper_bound(segments_.begin() + 1, segments_.end(), seconds,
                                                   [](double t, const Segment& s) { return t < s.seconds; }));
    return s.seconds_per_tick > 0 ? s.tick + std::llround((seconds - s.seconds) / s.seconds_per_tick) : s.tick;
  }

  bool operator==(const TempoMap& other) const { return division_ == other.division_ && changes_ == other.changes_; }

 private:
  struct Segment {
    std::int64_t tick;
    double seconds, seconds_per_tick;
  };

  double seconds_per_tick(std::uint32_t microseconds_per_quarter) const {
    if (!is_smpte()) return microseconds_per_quarter * 1e-6 / division_;
    const int frames = -static_cast<std::int8_t>(division_ >> 8);
    return 1 / ((frames == 29 ? 30000.0 / 1001 : frames) * (division_ & 0xFF));
  }

  std::uint16_t division_;
  std::vector<TempoChange> changes_;
  std::vector<Segment> segments_;  // each holds from its tick to the next one's
};

/// The notes of one channel of one MIDI track.
struct Track {
  std::string name{};
  int channel = 0;                      ///< 0..15; 9 is drums
  int program = 0;                      ///< General MIDI instrument, 0..127
  std::vector<TickNote> notes{};        ///< by start, then pitch
  std::optional<TempoMap> own_tempo{};  ///< format 2: every track has its own

  bool is_drums() const { return channel == 9; }
  /// Has notes that are not drums.
  bool is_melodic() const { return !is_drums() && !notes.empty(); }
  bool operator==(const Track&) const = default;
};

/// A whole piece.
struct Score {
  int format = 1;  ///< of the MIDI file: 0, 1 or 2
  TempoMap tempo{};
  std::vector<Track> tracks;          ///< in order of appearance, drums and tracks without notes included
  std::vector<std::string> warnings;  ///< what a tolerant reader passed over

  double seconds(const Track& track, std::int64_t tick) const {
    return (track.own_tempo ? *track.own_tempo : tempo).seconds(tick);
  }

  /// Every note that is not drums, by start, then track, then pitch. Tracks are numbered from 0 in order of
  /// appearance, those without melodic notes left out.
  std::vector<Note> notes() const {
    std::vector<Note> all;
    int k = 0;
    for (const Track& track : tracks) {
      if (!track.is_melodic()) continue;
      for (const TickNote& n : track.notes)
        all.push_back({seconds(track, n.start), seconds(track, n.end), n.pitch, n.velocity, k});
      ++k;
    }
    std::stable_sort(all.begin(), all.end(), [](const Note& a, const Note& b) {
      return std::tuple(a.start, a.track, a.pitch) < std::tuple(b.start, b.track, b.pitch);
    });
    return all;
  }

  /// Programs of the melodic tracks, numbered as in `notes()`.
  std::vector<int> programs() const {
    std::vector<int> all;
    for (const Track& track : tracks)
      if (track.is_melodic()) all.push_back(track.program);
    return all;
  }

  /// End of the last note, drums included, in seconds.
  double duration() const {
    double end = 0;
    for (const Track& track : tracks)
      for (const TickNote& n : track.notes) end = std::max(end, seconds(track, n.end));
    return end;
  }

  /// A score of these notes, on a grid of 1 ms (500 ticks a quarter at 120 quarters a minute). Every note lasts at
  /// least a tick. The notes of track k have the program `programs[k]` (0 where there is none); a number that no note
  /// has is no track. Each track has a channel of its own, drums' left free; a 16th has to share the first one's.
  static Score from_notes(std::span<const Note> notes, std::span<const int> programs = {}) {
    Score score;
    std::vector<std::size_t> place;  // of track k in score.tracks
    for (const Note& n : notes) place.resize(std::max(place.size(), static_cast<std::size_t>(n.track) + 1));
    for (const Note& n : notes) place[static_cast<std::size_t>(n.track)] = 1;
    for (std::size_t k = 0; k < place.size(); ++k) {
      if (place[k] == 0) continue;
      place[k] = score.tracks.size();
      Track& track = score.tracks.emplace_back();
      const int channel = static_cast<int>(place[k] % 15);
      track.channel = channel < 9 ? channel : channel + 1;
      track.program = k < programs.size() ? programs[k] : 0;
    }
    for (const Note& n : notes) {
      const auto start = score.tempo.tick(n.start), end = std::max(start + 1, score.tempo.tick(n.end));
      score.tracks[place[static_cast<std::size_t>(n.track)]].notes.push_back(
          {start, end, static_cast<std::uint8_t>(n.pitch), static_cast<std::uint8_t>(n.velocity)});
    }
    for (Track& track : score.tracks)
      std::stable_sort(track.notes.begin(), track.notes.end(),
                       [](auto& a, auto& b) { return std::tuple(a.start, a.pitch) < std::tuple(b.start, b.pitch); });
    return score;
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI
