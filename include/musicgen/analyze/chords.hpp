// Internal: finds chords with a hidden Markov model, one triad per beat (Sheh and Ellis, "Chord segmentation and
// recognition using EM-trained hidden Markov models", 2003; for MIDI Raphael and Stoddard, "Functional harmonic
// analysis using probabilistic models", 2004). One template for major and one for minor triads are rotated to the
// twelve roots.
//
// The score of a chord in a beat is w . x, a log-linear model: x holds the pitch classes that sound in the beat (square
// roots of their lengths, scaled to a sum), the lowest one, and the pitch classes of the beats before and after, all
// counted from the root. w was fitted to POP909's training songs by maximum likelihood. A change costs least on a
// downbeat.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

#include "../core/config.hpp"
#include "analysis.hpp"
#include "beat_notes.hpp"
#include "beat_sounds.hpp"
#include "pitch_class_views.hpp"
#include "spans.hpp"
#include "viterbi.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

namespace chords {

enum ChordView : std::size_t { present, bass, past, future, chord_views };
using ChordViews = PitchClassViews<chord_views>;

inline constexpr std::size_t no_chord = 24, states = 25;  // root, or root + 12 for minor

/// Templates by degree above the root, in semitones.
inline constexpr std::array<ChordViews, 2> templates{
    {{{{4.2, -1.5, -2.2, -5.9, 6.0, -1.6, -1.8, 6.7, -1.5, -0.9, -1.6, -1.3},
       {3.2, -1.4, -0.7, -1.0, 0.5, -0.6, -1.6, 0.3, -0.9, -1.1, 1.0, 0.5},
       {3.3, -1.0, -0.1, -3.0, 2.2, -0.4, -0.7, 3.1, -0.8, -0.7, -0.3, -0.3},
       {2.4, -1.3, -0.1, -4.7, 2.2, 0.5, -0.7, 2.1, -0.6, 0.1, -0.7, -0.3}}},
     {{{3.2, -1.8, -2.2, 6.9, -6.2, -2.3, 0.0, 5.5, -2.1, -2.7, -0.4, -1.8},
       {3.3, -1.3, -1.4, 0.4, -1.5, -0.9, -0.9, 0.4, -1.1, -1.4, 0.6, -1.0},
       {3.5, -0.7, 0.0, 2.0, -3.8, -0.6, -0.6, 2.6, -1.3, -2.4, 0.5, -1.7},
       {2.8, -0.7, -0.5, 2.4, -4.7, 0.3, -0.7, 1.9, -0.7, -1.6, -0.7, -1.6}}}}};

inline void add_scaled(std::array<double, 12>& to, const BeatSounds::Chroma& from, bool roots) {
  double sum = 0.3;
  for (const float x : from) sum += roots ? std::sqrt(x) : x;
  for (std::size_t c = 0; c < 12; ++c) to[c] = (roots ? std::sqrt(from[c]) : from[c]) / sum;
}

inline ChordViews views_of(const BeatSounds& sounds, std::size_t beat) {
  ChordViews x{};
  add_scaled(x[present], sounds.chroma[beat], true);
  if (beat > 0) add_scaled(x[past], sounds.chroma[beat - 1], false);
  if (beat + 1 < sounds.chroma.size()) add_scaled(x[future], sounds.chroma[beat + 1], false);
  for (const std::size_t half : {2 * beat, 2 * beat + 1})
    if (sounds.lowest[half] != BeatSounds::silent)
      x[bass][as_index(sounds.lowest[half] % 12)] += half % 2 == 0 ? 0.6 : 0.4;
  return x;
}

inline std::array<double, states> scores_of(const BeatSounds& sounds, std::size_t beat) {
  std::array<double, states> scores{};
  const ChordViews x = views_of(sounds, beat);
  for (std::size_t chord = 0; chord < no_chord; ++chord)
    scores[chord] = root_match(templates[chord / 12], x, chord % 12);
  double length = 0;
  for (const float beats : sounds.chroma[beat]) length += beats;
  scores[no_chord] = length > 0 ? 3.51 + 0.03 * std::log1p(length) : 4.7;
  return scores;
}

/// The pitch class that is lowest most of the time, if it belongs to the chord; else the root.
inline int bass_of(const ChordSpan& chord, const BeatSounds& sounds) {
  std::array<int, 12> halves{};
  for (int half = 2 * chord.first_beat; half < 2 * chord.end_beat; ++half)
    if (const int pitch = sounds.lowest[as_index(half)]; pitch != BeatSounds::silent) ++halves[as_index(pitch % 12)];
  const int lowest = static_cast<int>(std::max_element(halves.begin(), halves.end()) - halves.begin());
  const int degree = (lowest - chord.root + 12) % 12, third = chord.quality == ChordQuality::minor ? 3 : 4;
  return degree == third || degree == 7 ? lowest : chord.root;
}

}  // namespace chords

/// Fills `analysis.chords`; needs the bars.
inline void find_chords(Analysis& analysis, const BeatSounds& sounds) {
  std::vector<std::array<double, chords::states>> scores(sounds.chroma.size());
  for (std::size_t beat = 0; beat < scores.size(); ++beat) scores[beat] = chords::scores_of(sounds, beat);
  const auto price = [&](std::size_t beat) {
    const int place = analysis.beats[beat].place;
    const int beats = analysis.bars[as_index(analysis.beats[beat].bar)].meter.beats;
    return place == 0 ? 0.5 : 2 * place == beats ? 1.0 : 2.5;
  };
  append_states(analysis.chords, analysis, likeliest_states(scores, price), [](ChordSpan& chord, std::size_t state) {
    if (state == chords::no_chord) return;
    chord.root = static_cast<int>(state % 12);
    chord.quality = state < 12 ? ChordQuality::major : ChordQuality::minor;
  });
  for (ChordSpan& chord : analysis.chords)
    if (chord.quality != ChordQuality::none) chord.bass = chords::bass_of(chord, sounds);
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
