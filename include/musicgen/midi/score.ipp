// Definitions of score.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "../core/text.hpp"
#include "score.hpp"
#include "smf_format.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE std::vector<Note> Score::notes() const {
  std::vector<Note> all;
  int k = 0;
  for (const Track& track : tracks) {
    if (!track.is_melodic()) continue;
    for (const TickNote& n : track.notes)
      all.push_back({seconds(track, n.start), seconds(track, n.end), n.pitch, n.velocity, k});
    ++k;
  }
  std::stable_sort(all.begin(), all.end(), by_onset);
  return all;
}

MUSICGEN_INLINE std::vector<int> Score::programs() const {
  std::vector<int> all;
  for (const Track& track : tracks)
    if (track.is_melodic()) all.push_back(track.program);
  return all;
}

MUSICGEN_INLINE double Score::duration() const {
  double end = 0;
  for (const Track& track : tracks)
    for (const TickNote& n : track.notes) end = std::max(end, seconds(track, n.end));
  return end;
}

namespace detail {

/// @throws Error  unless a MIDI file can hold the note; `k` is its index
inline void check_note(const Note& note, std::size_t k) {
  const auto require = [&](bool holds, const char* what, const std::string& value, const std::string& otherwise) {
    if (!holds) throw Error("note " + std::to_string(k) + ": " + what + " " + value + " is not " + otherwise);
  };
  const auto require_in = [&](const char* what, int value, int least, int most) {
    require(value >= least && value <= most, what, std::to_string(value),
            "in " + std::to_string(least) + ".." + std::to_string(most));
  };
  require_in("pitch", note.pitch, 0, 127);
  require_in("velocity", note.velocity, 1, 127);
  require_in("track", note.track, 0, 65533);
  constexpr double most = static_cast<double>(last_midi_tick) / 1000 - 1;
  for (const auto& [what, seconds] : {std::pair("start", note.start), std::pair("end", note.end)})
    require(seconds >= 0 && seconds <= most, what, number_text(seconds), "in 0.." + number_text(most) + " seconds");
}

}  // namespace detail

MUSICGEN_INLINE Score Score::from_notes(std::span<const Note> notes, std::span<const int> programs, TempoMap tempo) {
  for (std::size_t k = 0; k < notes.size(); ++k) detail::check_note(notes[k], k);
  for (std::size_t k = 0; k < programs.size(); ++k)
    if (programs[k] < 0 || programs[k] > 127)
      throw Error("track " + std::to_string(k) + ": program " + std::to_string(programs[k]) + " is not in 0..127");

  Score score;
  score.tempo = std::move(tempo);
  std::vector<std::size_t> place;  // of track k in score.tracks
  for (const Note& n : notes) place.resize(std::max(place.size(), static_cast<std::size_t>(n.track) + 1));
  for (const Note& n : notes) place[static_cast<std::size_t>(n.track)] = 1;
  for (std::size_t k = 0; k < place.size(); ++k) {
    if (place[k] == 0) continue;
    place[k] = score.tracks.size();
    Track& track = score.tracks.emplace_back();
    const int channel = static_cast<int>(place[k] % 15);
    track.channel = channel < drum_channel ? channel : channel + 1;
    track.program = k < programs.size() ? programs[k] : 0;
  }
  for (const Note& n : notes) {
    const auto start = score.tempo.tick(n.start), end = std::max(start + 1, score.tempo.tick(n.end));
    score.tracks[place[static_cast<std::size_t>(n.track)]].notes.push_back(
        {start, end, static_cast<std::uint8_t>(n.pitch), static_cast<std::uint8_t>(n.velocity)});
  }
  for (Track& track : score.tracks) std::stable_sort(track.notes.begin(), track.notes.end(), by_onset);
  return score;
}

}  // namespace musicgen::inline MUSICGEN_ABI
