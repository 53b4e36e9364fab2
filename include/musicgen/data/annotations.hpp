// POP909's annotations of a corpus's files: which song a file is a version of, and whether the annotations fit it. They
// were made for one version of each song; some other versions begin earlier or later, or have another tempo. Internal:
// for definitions only.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <numbers>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../analyze/pop909.hpp"
#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "splits.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// The song's number, if the file is named as POP909's are: 001 for "001/versions/001-v2".
inline std::optional<std::string> pop909_song(std::string_view name) {
  std::string key = song_key(name);
  key.erase(0, key.rfind('/') + 1);  // erases nothing if there is no '/'
  if (key.size() != 3 || key.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return key;
}

inline std::optional<Pop909Folders> annotations_of(const std::filesystem::path& root, std::string_view name) {
  const auto song = pop909_song(name);
  return song ? find_pop909_annotations(root, *song) : std::nullopt;
}

/// The files that read_pop909_annotations() may read.
inline std::vector<std::filesystem::path> annotation_files(const Pop909Folders& folders) {
  std::vector<std::filesystem::path> files;
  for (const char* name : {"beat_midi.txt", "chord_midi.txt", "key_audio.txt"}) files.push_back(folders.music / name);
  for (const char* name : {"human_label1.txt", "analyzed_key.txt", "melody.txt", "finalized_chord.txt"})
    if (!folders.structure.empty()) files.push_back(folders.structure / name);
  return files;
}

/// The position of a time in beats from the first one; extrapolated before the first beat and after the last.
inline double beat_at(const Analysis& analysis, double seconds) {
  const auto after = std::upper_bound(analysis.beats.begin(), analysis.beats.end(), seconds,
                                      [](double s, const Beat& beat) { return s < beat.time.count(); });
  const int beat = std::max(0, static_cast<int>(after - analysis.beats.begin()) - 1);
  const double from = analysis.beat_time(beat).count(), to = analysis.beat_time(beat + 1).count();
  return beat + (seconds - from) / (to - from);
}

/// How close note onsets are to m-ths of a beat: the mean of cos(2 pi m b) over the onsets b, in beats. 1 if all are
/// exact, 0 by chance.
inline double closeness(const Analysis& analysis, const std::vector<Note>& notes, int m) {
  double sum = 0;
  for (const Note& note : notes) sum += std::cos(2 * std::numbers::pi * m * beat_at(analysis, note.start));
  return notes.empty() ? 0 : sum / static_cast<double>(notes.size());
}

/// The share of notes, weighted by length up to 1 s, in the chord `later` beats after they begin; 0 to 1.
inline double chord_tones(const Analysis& analysis, const std::vector<Note>& notes, int later) {
  double in = 0, all = 0;
  for (const Note& note : notes) {
    const double beat = std::floor(beat_at(analysis, note.start) + 0.01) + later;
    const auto after = std::upper_bound(analysis.chords.begin(), analysis.chords.end(), beat,
                                        [](double b, const ChordSpan& chord) { return b < chord.first_beat; });
    if (after == analysis.chords.begin() || std::prev(after)->quality == ChordQuality::none) continue;
    const double weight = std::min(1.0, note.end - note.start);
    all += weight;
    if (std::prev(after)->contains(note.pitch)) in += weight;
  }
  return all > 0 ? in / all : 0;
}

/// Whether the annotations fit this version of the song: its notes begin on sixteenths or triplets of the beats, and
/// match the chord of their beat about as well as those one or two beats away, or better. On POP909 the closeness is
/// over 0.8 for nine songs in ten; a version that is off by a beat loses a tenth or more of its chord tones.
inline bool fits(const Analysis& analysis, const Score& score) {
  constexpr double least_closeness = 0.5, tolerance = 0.07;
  const std::vector<Note> notes = score.notes();
  if (std::max(closeness(analysis, notes, 4), closeness(analysis, notes, 3)) < least_closeness) return false;
  const double here = chord_tones(analysis, notes, 0);
  for (const int later : {-2, -1, 1, 2})
    if (chord_tones(analysis, notes, later) > here + tolerance) return false;
  return true;
}

/// The analysis in a file's annotations, if it has any that fit.
/// @throws Error  for invalid annotations, naming file and line
inline std::optional<Analysis> fitting_annotations(const std::filesystem::path& root, std::string_view name,
                                                   const Score& score) {
  const auto folders = annotations_of(root, name);
  if (!folders) return std::nullopt;
  Analysis analysis = read_pop909_annotations(*folders, score);
  return fits(analysis, score) ? std::optional(std::move(analysis)) : std::nullopt;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
