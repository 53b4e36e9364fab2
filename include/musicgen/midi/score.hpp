// A piece of music: tracks of notes in ticks, and the tempo map that turns ticks into seconds.
//
// Times are kept in ticks because a MIDI file has them in ticks: reading, writing and reading again gives the same
// score. Everything else works in seconds; `Score::notes()` gives them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "events.hpp"
#include "tempo_map.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// A sounding note, in seconds from the start of the piece.
struct Note {
  double start, end;  ///< seconds
  int pitch;          ///< 0..127, 60 is middle C
  int velocity;       ///< 1..127
  int track;          ///< which of the score's melodic tracks, from 0
  bool operator==(const Note&) const = default;
};

/// A note as it is in a file, in ticks.
struct TickNote {
  std::int64_t start, end;       ///< ticks, start < end
  std::uint8_t pitch, velocity;  ///< 0..127, 1..127
  std::uint8_t release = 0;      ///< velocity of the note-off, 0..127
  bool operator==(const TickNote&) const = default;
};

/// The order of notes: by start, then track, then pitch.
inline constexpr struct ByOnset {
  constexpr bool operator()(const Note& a, const Note& b) const {
    if (a.start != b.start) return a.start < b.start;
    return a.track != b.track ? a.track < b.track : a.pitch < b.pitch;
  }
  constexpr bool operator()(const TickNote& a, const TickNote& b) const {
    return a.start != b.start ? a.start < b.start : a.pitch < b.pitch;
  }
} by_onset;

inline constexpr int drum_channel = 9;  ///< the tenth, as channels are counted from 0
inline constexpr int no_channel = -1;
inline constexpr int own_chunk = -1;

/// What one channel of one MIDI track (MTrk chunk) plays; or the texts of an MTrk that plays nothing.
struct Track {
  std::string name{};
  int channel = 0;                      ///< 0..15, 9 is drums; or `no_channel`: only texts and system exclusive events
  int program = 0;                      ///< General MIDI instrument of the first note, 0..127; see `events`
  std::vector<TickNote> notes{};        ///< by start, then pitch
  std::optional<TempoMap> own_tempo{};  ///< in format 2 every track has its own

  /// Whether the track sets its program. If not, `program` is what other tracks set on the channel, else 0, and it is
  /// not written unless it has been changed.
  bool has_program = true;
  /// Controllers, bends and so on, by tick, in the file's order. Program changes are among them, except for a single
  /// one at tick 0 before all other events: it is in `program` only.
  std::vector<ChannelEvent> events{};
  /// Texts, lyrics and all other meta events of the MTrk, by tick, in the file's order. If several tracks share an
  /// MTrk, the first one has them. Not the name, and not what the score has (tempo; except in format 2, signatures,
  /// markers).
  std::vector<MetaEvent> texts{};
  std::vector<SysEx> sysex{};  ///< by tick; those of the MTrk, like `texts`
  /// Tracks with the same number, the same name and different channels share an MTrk. Number 0 is the first MTrk of a
  /// file of format 1, with the tempo and all else that belongs to the score; `own_chunk` is an MTrk for this track
  /// only.
  int chunk = own_chunk;

  [[nodiscard]] bool is_drums() const { return channel == drum_channel; }
  /// Whether it has notes and is not drums.
  [[nodiscard]] bool is_melodic() const { return !is_drums() && !notes.empty(); }
  bool operator==(const Track&) const = default;
};

/// A whole piece.
struct Score {
  int format = 1;  ///< of the MIDI file: 0, 1 or 2
  TempoMap tempo{};
  std::vector<Track> tracks{};                   ///< in order of appearance, including drums and tracks without notes
  std::vector<std::string> warnings{};           ///< the faults that a tolerant reader has found
  std::string name{};                            ///< of the piece: from a first MTrk without channels
  std::vector<TimeSignature> time_signatures{};  ///< by tick; in format 2 they are in `Track::texts`, like the next two
  std::vector<KeySignature> key_signatures{};    ///< by tick
  std::vector<Marker> markers{};                 ///< by tick
  std::vector<MetaEvent> texts{};                ///< of a first MTrk without channels, by tick
  std::vector<SysEx> sysex{};                    ///< the same
  std::vector<OtherChunk> other_chunks{};        ///< in the file's order; written after the tracks

  [[nodiscard]] double seconds(const Track& track, std::int64_t tick) const {
    return (track.own_tempo ? *track.own_tempo : tempo).seconds(tick);
  }

  /// All notes but the drums, sorted `by_onset`. Tracks are numbered from 0 in order of appearance; only melodic tracks
  /// count.
  [[nodiscard]] std::vector<Note> notes() const;

  /// Programs of the melodic tracks, numbered as in `notes()`.
  [[nodiscard]] std::vector<int> programs() const;

  /// The end of the last note, including drums, in seconds.
  [[nodiscard]] double duration() const;

  /// A score of these notes, on a grid of 1 ms (500 ticks per quarter at 120 quarters a minute). Every note lasts at
  /// least one tick. The notes of track k have the program `programs[k]` (0 if there is none). Track numbers without
  /// notes make no track. Each track has its own channel, never that of drums; a 16th track shares the first one's.
  /// @param notes     any order; tracks 0..65533
  /// @param programs  0..127
  /// @param tempo     the tempo map of the score, instead of the grid of 1 ms
  /// @throws Error  for what no MIDI file can hold: "note 17: pitch 300 is not in 0..127"
  [[nodiscard]] static Score from_notes(std::span<const Note> notes, std::span<const int> programs = {},
                                        TempoMap tempo = TempoMap());

  /// Whether two scores are the same, including their warnings. A score that was read without warnings is equal to what
  /// is read after writing it.
  bool operator==(const Score&) const = default;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "score.ipp"
#endif
