// Which notes are the tune. Internal: for definitions alone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "../core/config.hpp"
#include "../core/text.hpp"
#include "../midi/score.hpp"
#include "beat_notes.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// The number of the track that is called a melody, else of the first one if it rarely sounds two notes; -1 if neither.
inline int melody_track(const Score& score, const std::vector<BeatNote>& notes) {
  int number = 0;
  for (const Track& track : score.tracks) {
    if (!track.is_melodic()) continue;
    if (lower_case(track.name).find("melod") != std::string::npos) return number;
    ++number;
  }
  std::size_t count = 0, together = 0;
  double end = -1;
  for (const BeatNote& note : notes) {
    if (note.track != 0) continue;
    ++count;
    if (note.start < end - 0.125) ++together;
    end = std::max(end, note.end);
  }
  return count > 0 && together * 10 < count ? 0 : -1;
}

/// The tune: the melody's track, or the highest notes from middle C on where there is none. A note ends where the next
/// begins, so that it is one voice: its ends are in order, too, and notes held for long take no time to go through.
inline std::vector<BeatNote> melody_of(const Score& score, const std::vector<BeatNote>& notes) {
  const int track = melody_track(score, notes);
  std::vector<BeatNote> melody;
  for (const BeatNote& note : notes) {
    if (note.track < 0 || (track >= 0 ? note.track != track : note.pitch < 60)) continue;
    if (!melody.empty() && note.start < melody.back().start + 0.0625) {
      if (note.pitch > melody.back().pitch) melody.back() = note;
      continue;
    }
    if (track < 0 && !melody.empty() && note.start < melody.back().end - 0.125 && note.pitch < melody.back().pitch)
      continue;  // beneath a longer note
    if (!melody.empty()) melody.back().end = std::min(melody.back().end, note.start);
    melody.push_back(note);
  }
  return melody;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
