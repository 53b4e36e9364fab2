// Analyses with given bars, and notes in them.
#pragma once

#include <musicgen/analyze/analysis.hpp>
#include <musicgen/midi/score.hpp>
#include <vector>

#include "analyze/pieces.hpp"

namespace musicgen::test {

/// Bars of equally many beats from tick 0 on, at 120 beats a minute.
inline Analysis bars_of_beats(int bars, int beats) {
  Analysis analysis;
  analysis.meter = {beats, 4};
  analysis.tempo = 120;
  for (int i = 0; i < bars * beats; ++i)
    analysis.beats.push_back({Seconds(i * 0.5), i * ticks_a_beat, i / beats, i % beats});
  for (int bar = 0; bar < bars; ++bar) analysis.bars.push_back({bar * beats, (bar + 1) * beats, analysis.meter});
  analysis.end = Seconds(bars * beats * 0.5);
  return analysis;
}

/// Sixteenth notes on middle C at these ticks.
inline Track notes_at_ticks(const std::vector<int>& ticks, int channel = 0) {
  Track track{.channel = channel};
  for (const int tick : ticks) track.notes.push_back({tick, tick + 120, 60, 64});
  return track;
}

}  // namespace musicgen::test
