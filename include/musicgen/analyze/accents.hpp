// Internal: what accents a beat according to listeners and theorists: changes of harmony and bass; many, long, low and
// loud notes; pauses of the melody (Lerdahl and Jackendoff 1983, metrical preference rules 3 to 6; Temperley, "The
// Cognition of Basic Musical Structures", 2001).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "../core/config.hpp"
#include "beat_notes.hpp"
#include "beat_sounds.hpp"
#include "standardize.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

namespace accents {

enum Accent : std::size_t {
  harmony_of_beat,  ///< the pitch classes of the beat differ from those of the beat before
  harmony_of_half,  ///< the same for two beats
  harmony_of_bar,   ///< the same for four beats
  bass_change,      ///< the lowest pitch class changes, or is the first after a silence
  bass_length,      ///< from a low note that begins here to the next low one
  onsets,           ///< how many notes begin
  longest,          ///< the length of the longest of them
  loudest,
  melody_length,  ///< the length of the melody note that begins here
  melody_gap,     ///< the rest before it
  bass_drop,      ///< how far the bass falls
  accent_count
};

}  // namespace accents

using Accents = std::array<double, accents::accent_count>;

namespace accents {

/// 1 - cosine of the sums of chroma over [middle - width, middle) and [middle, middle + width).
inline double harmony_change(const std::vector<BeatSounds::Chroma>& chroma, std::ptrdiff_t middle,
                             std::ptrdiff_t width) {
  const auto count = static_cast<std::ptrdiff_t>(chroma.size());
  double dot = 0, before_square = 0, after_square = 0;
  for (std::size_t c = 0; c < 12; ++c) {
    double before = 0, after = 0;
    for (auto i = std::max<std::ptrdiff_t>(0, middle - width); i < middle; ++i)
      before += chroma[static_cast<std::size_t>(i)][c];
    for (auto i = middle; i < std::min(count, middle + width); ++i) after += chroma[static_cast<std::size_t>(i)][c];
    dot += before * after;
    before_square += before * before;
    after_square += after * after;
  }
  const double norm = std::sqrt(before_square * after_square);
  return norm > 0 ? 1 - dot / norm : 0;
}

/// The beat on which a note begins, to the nearest sixteenth; -1 if it begins between beats or outside the piece.
inline std::ptrdiff_t beat_of(const BeatNote& note, std::size_t beats) {
  const long sixteenth = std::lround(note.start * 4);
  return sixteenth >= 0 && sixteenth % 4 == 0 && sixteenth / 4 < static_cast<long>(beats) ? sixteenth / 4 : -1;
}

inline void add_harmony(std::vector<Accents>& all, const BeatSounds& sounds) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto middle = static_cast<std::ptrdiff_t>(i);
    all[i][harmony_of_beat] = harmony_change(sounds.chroma, middle, 1);
    all[i][harmony_of_half] = harmony_change(sounds.chroma, middle, 2);
    all[i][harmony_of_bar] = harmony_change(sounds.chroma, middle, 4);
    const int here = sounds.lowest[2 * i], before = i > 0 ? sounds.lowest[2 * i - 1] : BeatSounds::silent;
    if (here == BeatSounds::silent) continue;
    all[i][bass_change] = before == BeatSounds::silent || here % 12 != before % 12;
    all[i][bass_drop] = std::clamp((before - here) / 12.0, -1.0, 1.0);
  }
}

inline void add_bass(std::vector<Accents>& all, const std::vector<BeatNote>& notes, const BeatSounds& sounds) {
  std::ptrdiff_t beat = -1;
  double start = -1;
  const auto close = [&](double end) {
    if (beat >= 0) all[static_cast<std::size_t>(beat)][bass_length] = std::log1p(std::min(end - start, 4.0));
  };
  for (const BeatNote& note : notes) {
    const double at = std::round(note.start * 4) / 4;
    const auto half = static_cast<std::size_t>(std::max(0.0, std::floor(2 * at)));
    if (note.track < 0 || note.pitch >= 60 || half >= sounds.lowest.size() || note.pitch > sounds.lowest[half])
      continue;
    if (at == start) continue;
    close(at);
    start = at;
    beat = beat_of(note, all.size());
  }
  close(start + 4);
}

inline void add_notes(std::vector<Accents>& all, const std::vector<BeatNote>& notes,
                      const std::vector<BeatNote>& melody) {
  for (const BeatNote& note : notes) {
    const auto beat = beat_of(note, all.size());
    if (beat < 0) continue;
    Accents& a = all[static_cast<std::size_t>(beat)];
    a[onsets] += 1;
    a[loudest] = std::max(a[loudest], note.velocity / 127.0);
    if (note.track >= 0) a[longest] = std::max(a[longest], std::log1p(std::min(note.end - note.start, 4.0)));
  }
  for (Accents& a : all) a[onsets] = std::log1p(a[onsets]);
  double end = -4;
  for (const BeatNote& note : melody) {
    if (const auto beat = beat_of(note, all.size()); beat >= 0) {
      Accents& a = all[static_cast<std::size_t>(beat)];
      a[melody_length] = std::max(a[melody_length], std::log1p(std::min(note.end - note.start, 4.0)));
      a[melody_gap] = std::max(a[melody_gap], std::clamp(note.start - end, 0.0, 4.0) / 4);
    }
    end = std::max(end, note.end);
  }
}

}  // namespace accents

/// The accents of all beats, each kind as its distance from the piece's mean in standard deviations.
inline std::vector<Accents> find_accents(const std::vector<BeatNote>& notes, const std::vector<BeatNote>& melody,
                                         const BeatSounds& sounds) {
  std::vector<Accents> all(sounds.chroma.size(), Accents{});
  accents::add_harmony(all, sounds);
  accents::add_bass(all, notes, sounds);
  accents::add_notes(all, notes, melody);
  standardize(all, [](std::size_t) { return true; });
  return all;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
