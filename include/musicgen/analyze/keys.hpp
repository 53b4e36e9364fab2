// Internal: finds keys with a hidden Markov model of the 24 keys (Temperley, "What's key for key? The
// Krumhansl-Schmuckler algorithm reconsidered", 1999: profiles compared with segments, at a price for each change),
// decoded by Viterbi's algorithm.
//
// The score of a key in a beat is w . x, where x holds, counted from the tonic, the share of each pitch class in what
// sounds, and the root of the current chord, separately for major and minor chords: relative keys have the same pitch
// classes, but use different chords. The profiles w were fitted to POP909's training songs by maximum likelihood, so
// that w . x averaged over a song is the log-odds of its keys.
#pragma once

#include <array>
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

namespace keys {

enum KeyView : std::size_t { pitches, major_chords, minor_chords, key_views };
using KeyViews = PitchClassViews<key_views>;

/// By degree above the tonic, in semitones.
inline constexpr std::array<KeyViews, 2> profiles{
    {{{{7.0, -0.6, -1.2, -1.6, 3.0, 0.0, -2.8, 6.1, -0.4, -3.6, -3.9, -2.6},
       {11.3, -0.3, -6.7, -1.7, -2.4, 3.9, 0.1, 8.6, -0.4, -2.1, -5.2, -1.7},
       {-1.8, -0.4, 1.7, -0.1, 3.7, 0.1, 0.2, -5.1, -0.3, 2.2, -0.7, -3.9}}},
     {{{8.5, -2.7, 0.4, 1.4, -2.1, 0.0, -1.3, 5.6, -1.3, -3.8, -3.1, -1.1},
       {0.4, -4.8, -3.1, -1.7, -0.8, -2.5, -0.5, 4.0, 4.1, -0.7, 2.6, -0.6},
       {12.6, 0.1, -2.4, -0.3, -1.7, 2.7, -0.4, 0.5, -0.5, -1.7, -3.7, -0.8}}}}};
inline constexpr double minor_gain = 0.48;   ///< the minor profiles' constant
inline constexpr double change_price = 350;  ///< some 25 bars of a distant key make up for it

inline KeyViews views_of(const BeatSounds::Chroma& chroma, const ChordSpan& chord) {
  KeyViews x{};
  double sum = 0.3;
  for (const float length : chroma) sum += length;
  for (std::size_t c = 0; c < 12; ++c) x[pitches][c] = chroma[c] / sum;
  if (chord.quality == ChordQuality::major) x[major_chords][as_index(chord.root)] = 1;
  if (chord.quality == ChordQuality::minor) x[minor_chords][as_index(chord.root)] = 1;
  return x;
}

}  // namespace keys

/// Fills `analysis.keys`, unless only drums sound; needs the chords. Beats in which nothing sounds do not count.
inline void find_keys(Analysis& analysis, const BeatSounds& sounds) {
  const auto sounds_at = [&](std::size_t beat) { return sounds.chroma[beat] != BeatSounds::Chroma{}; };
  std::vector<std::array<double, 24>> scores(sounds.chroma.size());
  bool any = false;
  for (const ChordSpan& chord : analysis.chords)
    for (int beat = chord.first_beat; beat < chord.end_beat; ++beat) {
      if (!sounds_at(as_index(beat))) continue;
      any = true;
      const keys::KeyViews x = keys::views_of(sounds.chroma[as_index(beat)], chord);
      for (std::size_t key = 0; key < 24; ++key)
        scores[as_index(beat)][key] =
            (key >= 12 ? keys::minor_gain : 0) + root_match(keys::profiles[key / 12], x, key % 12);
    }
  if (!any) return;
  const auto price = [&](std::size_t beat) {
    return analysis.beats[beat].place == 0 ? keys::change_price : keys::change_price + 20;
  };
  append_states(analysis.keys, analysis, likeliest_states(scores, price), [](KeySpan& key, int state) {
    key.tonic = state % 12;
    key.minor = state >= 12;
  });
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
