// Internal: which notes are the melody.
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

/// The number of the track that is named as a melody, else of the first one if it rarely sounds two notes at once; else
/// -1.
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

/// The melody: its track or, if there is none, the highest notes from middle C on. A note ends where the next one
/// begins, so that there is one voice, with its ends in order too, and long notes do not cost time.
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
