// The features of a two-sample test: what follows what in an excerpt, whatever its key. Internal: for definitions only.
//
// Counts are normalized to shares within each table, so that length does not give an excerpt away, and their square
// roots are taken, which makes the distance of two excerpts the Hellinger distance. N-grams have too many values for a
// table, so they are hashed into one (Weinberger et al., "Feature hashing for large scale multitask learning", ICML
// 2009).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../data/hash.hpp"
#include "../midi/score.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Notes that begin within 40 ms of the first of them.
struct Chord {
  double start = 0;
  std::vector<int> pitches{};  ///< ascending
};

inline std::vector<Chord> chords_of(std::span<const Note> notes, bool melody) {
  std::vector<Chord> chords;
  for (const Note& note : notes) {
    if ((note.track == 0) != melody) continue;
    if (chords.empty() || note.start >= chords.back().start + 0.04) chords.push_back({note.start, {}});
    chords.back().pitches.push_back(note.pitch);
  }
  for (Chord& chord : chords) std::sort(chord.pitches.begin(), chord.pitches.end());
  return chords;
}

/// A part of an excerpt's features, filled with counts and then normalized to shares.
class FeatureTable {
 public:
  explicit FeatureTable(std::size_t size) : counts_(size) {}

  void count(std::size_t at) { counts_[std::min(at, counts_.size() - 1)] += 1; }
  void count_hashed(const Hash& what) { counts_[what.value() % counts_.size()] += 1; }

  /// Appends the square roots of the shares.
  void append_to(std::vector<double>& features) const {
    double all = 0;
    for (const double count : counts_) all += count;
    for (const double count : counts_) features.push_back(all > 0 ? std::sqrt(count / all) : 0);
  }

 private:
  std::vector<double> counts_;
};

/// Times between onsets: in steps of 20 ms up to 0.64 s, then in half octaves.
inline void append_gaps(std::vector<double>& features, const std::vector<Chord>& chords) {
  constexpr double step = 0.02;
  constexpr std::size_t steps = 32, size = 40;
  FeatureTable gaps(size);
  for (std::size_t i = 1; i < chords.size(); ++i) {
    const auto gap = static_cast<std::size_t>(std::lround((chords[i].start - chords[i - 1].start) / step));
    gaps.count(gap < steps ? gap : steps + static_cast<std::size_t>(2 * std::log2(static_cast<double>(gap) / steps)));
  }
  gaps.append_to(features);
}

/// N-grams of 1 to 3 steps from chord to chord, with a table for each length. A step is the interval of the outer voice
/// and the ratio of successive times between onsets in quarter octaves.
inline void append_steps(std::vector<double>& features, const std::vector<Chord>& chords, bool melody) {
  constexpr int most_interval = 12, most_ratio = 12;
  std::vector<int> steps;  // an interval and a ratio in one number
  const auto voice = [&](const Chord& chord) { return melody ? chord.pitches.back() : chord.pitches.front(); };
  for (std::size_t i = 2; i < chords.size(); ++i) {
    const double ratio = (chords[i].start - chords[i - 1].start) / (chords[i - 1].start - chords[i - 2].start);
    const int interval = std::clamp(voice(chords[i]) - voice(chords[i - 1]), -most_interval, most_interval);
    const int turn = std::clamp(static_cast<int>(std::lround(4 * std::log2(ratio))), -most_ratio, most_ratio);
    steps.push_back(interval * 64 + turn);
  }
  for (const std::size_t length : {1U, 2U, 3U}) {
    FeatureTable grams(64);
    for (std::size_t i = 0; i + length <= steps.size(); ++i) {
      Hash gram;
      for (std::size_t k = 0; k < length; ++k) gram.add(steps[i + k]);
      grams.count_hashed(gram);
    }
    grams.append_to(features);
  }
}

/// The intervals of each chord above its lowest note.
inline void append_chords(std::vector<double>& features, const std::vector<Chord>& chords) {
  FeatureTable shapes(48);
  for (const Chord& chord : chords) {
    Hash shape;
    for (const int pitch : chord.pitches) shape.add(pitch - chord.pitches.front());
    shapes.count_hashed(shape);
  }
  shapes.append_to(features);
}

/// The 512 features of an excerpt.
/// @param notes  by onset
inline std::vector<double> excerpt_features(std::span<const Note> notes) {
  std::vector<double> features;
  const std::vector<Chord> melody = chords_of(notes, true), others = chords_of(notes, false);
  for (const bool of_melody : {true, false}) {
    append_gaps(features, of_melody ? melody : others);
    append_steps(features, of_melody ? melody : others, of_melody);
  }
  append_chords(features, others);
  return features;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
