// Definitions of analyze.hpp.
#pragma once

#include <vector>

#include "accents.hpp"
#include "analyze.hpp"
#include "bar_likeness.hpp"
#include "beat_grid.hpp"
#include "beat_notes.hpp"
#include "beat_sounds.hpp"
#include "chords.hpp"
#include "keys.hpp"
#include "melody.hpp"
#include "meter.hpp"
#include "phrases.hpp"
#include "spans.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE Analysis analyze(const Score& score) {
  Analysis analysis;
  std::vector<detail::BeatNote> notes = detail::quarter_notes(score);
  const detail::BeatGrid grid = detail::find_grid(notes, score);
  analysis.no_beat = grid.fault;
  if (!grid.fault.empty()) return analysis;
  detail::set_beats(analysis, grid.offset, notes, score);
  analysis.tempo = detail::median_tempo(analysis);
  detail::count_from_first_beat(notes, analysis, score);

  const std::vector<detail::BeatNote> melody = detail::melody_of(score, notes);
  const detail::BeatSounds sounds = detail::beat_sounds(notes, analysis.beats.size());
  detail::find_bars(analysis, detail::find_accents(notes, melody, sounds), score);
  detail::find_chords(analysis, sounds);
  detail::find_keys(analysis, sounds);
  detail::find_phrases(analysis, melody, detail::bar_contents(analysis, notes, melody, sounds));
  return analysis;
}

}  // namespace musicgen::inline MUSICGEN_ABI
