// Definitions of measures.hpp.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "../analyze/analyze.hpp"
#include "beat_positions.hpp"
#include "measures.hpp"
#include "recurrence.hpp"
#include "structureness.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE double chord_tone_share(const Score& score, const Analysis& analysis) {
  double inside = 0, all = 0;
  auto chord = analysis.chords.begin();
  if (analysis.has_beat())
    for (const detail::BeatNote& note : detail::notes_in_beats(score, analysis)) {
      const std::int64_t sixteenth = detail::sixteenth_of(note.start);
      if (note.track != 0 || sixteenth % 4 != 0) continue;
      while (chord != analysis.chords.end() && chord->end_beat <= sixteenth / 4) ++chord;
      if (chord == analysis.chords.end()) break;
      if (chord->quality == ChordQuality::none) continue;
      all += 1;
      inside += chord->contains(note.pitch);
    }
  return all > 0 ? inside / all : Measures::none;
}

MUSICGEN_INLINE double chord_changes(const Analysis& analysis) {
  if (!analysis.has_beat() || analysis.bars.empty()) return Measures::none;
  double changes = 0;
  const ChordSpan* before = nullptr;
  for (const ChordSpan& chord : analysis.chords) {
    if (chord.quality == ChordQuality::none) continue;
    changes += before != nullptr && before->label() != chord.label();
    before = &chord;
  }
  return changes / static_cast<double>(analysis.bars.size());
}

MUSICGEN_INLINE Measures measures(const Score& score, const Analysis& analysis) {
  Measures m;
  const std::vector<Note> melody = melody_line(score);
  const Recurrence recurrence = melody_recurrence(melody);
  const MelodyRests rests = melody_rests(melody);
  m.recurrence = recurrence.share;
  m.recurrence_after = recurrence.after;
  m.melody_rests = rests.share;
  m.melody_rest = rests.median;
  m.in_time = gaps_in_time(score.notes());
  m.has_beat = analysis.has_beat();
  if (!m.has_beat) return m;
  m.in_beat = in_beat_share(score, analysis);
  m.positions = bar_positions(score, analysis);
  m.groove = groove_similarity(score, analysis);
  m.chord_tones = chord_tone_share(score, analysis);
  m.chord_changes = chord_changes(analysis);
  if (!analysis.phrases.empty())
    m.phrase_bars = static_cast<double>(analysis.bars.size()) / static_cast<double>(analysis.phrases.size());
  const std::vector<double> parts = structureness(score, analysis, {4, 8, 16});
  m.structureness_4 = parts[0];
  m.structureness_8 = parts[1];
  m.structureness_16 = parts[2];
  return m;
}

MUSICGEN_INLINE Measures measures(const Score& score) {
  return measures(score, analyze(score));
}

MUSICGEN_INLINE BarPositions mean_positions(std::span<const Measures> pieces) {
  BarPositions mean{};
  double count = 0;
  for (const Measures& piece : pieces) {
    if (!std::isfinite(piece.positions[0])) continue;
    count += 1;
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += piece.positions[i];
  }
  for (double& share : mean) share /= count;
  return mean;
}

MUSICGEN_INLINE void set_position_overlaps(std::span<Measures> real, std::span<Measures> other) {
  const BarPositions mean = mean_positions(real);
  for (Measures& piece : other)
    piece.position_overlap =
        std::isfinite(piece.positions[0]) ? histogram_overlap(piece.positions, mean) : Measures::none;
  for (Measures& piece : real) {
    if (!std::isfinite(piece.positions[0])) continue;
    const BarPositions own = piece.positions;
    piece.positions.fill(Measures::none);  // so that the mean is that of the others
    const BarPositions others = mean_positions(real);
    piece.positions = own;
    piece.position_overlap = std::isfinite(others[0]) ? histogram_overlap(own, others) : Measures::none;
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI
