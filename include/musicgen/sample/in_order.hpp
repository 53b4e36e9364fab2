// Puts the tokens of songs in the language of beats in order. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../tokens/encoder.hpp"
#include "../tokens/plan.hpp"
#include "../tokens/plan_events.hpp"
#include "../tokens/plan_writer.hpp"
#include "../tokens/repeats.hpp"
#include "plan_request.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// A request as the plan of a song from its first bar on, with the chords' places in steps.
inline Plan in_steps(const PlanRequest& request) {
  Plan plan{request.key ? key_word(*request.key) : -1, request.tempos, request.meters, request.form};
  BarWalk walk(plan);
  for (const PlanRequest::Chord& chord : request.chords) {
    while (walk.bar() < chord.bar) walk.next();
    const Meter meter = meters[static_cast<std::size_t>(walk.meter())];
    plan.chords.push_back({walk.start() + chord.beat * beat_steps(meter), chord.chord});
  }
  return plan;
}

/// The tokens of a score's notes, with the plan of the song that it was decoded from.
inline std::vector<Token> in_order(const Score& score, std::span<const Token> song, const Vocabulary& vocabulary) {
  std::vector<GridNote> notes;
  for (std::size_t k = 0; k < score.tracks.size(); ++k)
    for (const TickNote& note : score.tracks[k].notes)
      notes.push_back({static_cast<std::int32_t>(note.start / step_ticks),
                       static_cast<std::int32_t>(note.end / step_ticks), static_cast<std::uint8_t>(k), note.pitch,
                       note.velocity});
  EncodeReport report;
  resolve_overlaps(notes, report);
  Plan plan = in_steps(plan_of(song, vocabulary));
  plan.repeats = repeated_bars(notes, plan);
  return encode_notes(notes, plan, vocabulary);
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
