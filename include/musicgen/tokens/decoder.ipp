// Definitions of decoder.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "../core/error.hpp"
#include "decoder.hpp"
#include "plan.hpp"
#include "plan_events.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE std::optional<Note> NoteAssembler::push(TokenEvent token) {
  const SongStep step = song_.advance(token);
  if (step.stray > 0) count_stray(step.stray, step.first_stray);
  report_.restruck += step.restruck;
  return step.ended;
}

MUSICGEN_INLINE void NoteAssembler::count_stray(int tokens, std::int64_t first) {
  if (report_.stray == 0) report_.first_stray = first;
  report_.stray += tokens;
}

MUSICGEN_INLINE Score decode(std::span<const Token> tokens, const Vocabulary& vocabulary, std::span<const int> programs,
                             DecodeReport* report) {
  NoteAssembler assembler;
  detail::PlanEvents plan;
  std::vector<Note> notes;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= vocabulary.size())
      throw Error("token " + std::to_string(tokens[i]) + " at position " + std::to_string(i) + ": the vocabulary has " +
                  std::to_string(vocabulary.size()));
    const TokenEvent event = vocabulary[tokens[i]];
    if (const auto note = assembler.push(event)) notes.push_back(*note);
    plan.take(event, assembler.song());
  }
  assembler.flush([&](const Note& note) { notes.push_back(note); });
  std::sort(notes.begin(), notes.end(), by_onset);
  if (report) *report = assembler.report();
  if (!vocabulary.has_beats()) return Score::from_notes(notes, programs);
  Score score = Score::from_notes(notes, programs, plan.tempo());
  plan.move_to(score);
  return score;
}

}  // namespace musicgen::inline MUSICGEN_ABI
