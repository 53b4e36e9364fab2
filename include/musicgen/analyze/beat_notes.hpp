// Internal: the notes of a score, in quarter notes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../core/config.hpp"
#include "../midi/score.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// A note, in quarter notes from tick 0, and later from the first beat.
struct BeatNote {
  double start, end;
  int pitch, velocity, track;  // track as in Score::notes(), -1 for drums
};

/// All notes, including drums, by start, then track, then pitch.
inline std::vector<BeatNote> quarter_notes(const Score& score) {
  std::vector<BeatNote> notes;
  const double division = score.tempo.division();
  int melodic = 0;
  for (const Track& track : score.tracks) {
    const int number = track.is_melodic() ? melodic++ : -1;
    for (const TickNote& note : track.notes) {
      std::int64_t start = note.start, end = note.end;
      if (track.own_tempo) {
        start = score.tempo.tick(track.own_tempo->seconds(start));
        end = std::max(start + 1, score.tempo.tick(track.own_tempo->seconds(end)));
      }
      notes.push_back({static_cast<double>(start) / division, static_cast<double>(end) / division, note.pitch,
                       note.velocity, number});
    }
  }
  std::sort(notes.begin(), notes.end(), [](const BeatNote& a, const BeatNote& b) {
    if (a.start != b.start) return a.start < b.start;
    if (a.track != b.track) return a.track < b.track;
    return a.pitch != b.pitch ? a.pitch < b.pitch : a.end < b.end;
  });
  return notes;
}

/// The number of a beat or bar, which is an int, as an index.
inline std::size_t as_index(int i) {
  return static_cast<std::size_t>(i);
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
