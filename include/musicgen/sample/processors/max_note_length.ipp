// Definitions of max_note_length.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "../settings.hpp"
#include "max_note_length.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void MaxNoteLength::apply(Logits logits, const SongState& song) const {
  if (!length || !logits.grammar() || song.sounding() == 0) return;
  if (song.group() == SongState::Group::on || song.group() == SongState::Group::on_velocity) return;
  const GrammarRules& grammar = *logits.grammar();
  const Vocabulary& vocabulary = logits.vocabulary();
  const auto steps_left = [&](std::int64_t since) {
    return std::llround((*length - (song.time() - song.time_at(since))) / song.step_length());
  };
  const std::int64_t shortest_gap = vocabulary[grammar.shortest_time()].value;

  // The first overdue note in canonical order, so that the others can still end after it.
  std::int64_t least_left = std::numeric_limits<std::int64_t>::max();
  std::optional<std::pair<int, int>> over;  // pitch, track
  song.for_each_sounding([&](int pitch, int track) {
    const std::int64_t left = steps_left(song.onset(pitch, track).step);
    least_left = std::min(least_left, left);
    if (!over && left < shortest_gap && grammar.can_end(song, pitch, track)) over = {pitch, track};
  });

  if (song.at_free_position()) {
    // Bar lines and the plan come first.
    if (over && vocabulary.has_beats() && !logits.allows(vocabulary.note_off(over->first))) return;
    if (over) return logits.only(vocabulary.note_off(over->first));
    const std::int64_t longest_gap = std::max(least_left, shortest_gap);
    for (std::int64_t steps = longest_gap + 1; steps <= vocabulary.max_steps(); ++steps)
      logits.forbid(vocabulary.time(static_cast<int>(steps)));
  } else if (over && song.group() == SongState::Group::off && over->first == song.group_pitch()) {
    logits.only(vocabulary.track(over->second));
  }
}

MUSICGEN_INLINE void MaxNoteLength::check() const {
  detail::require_option(!length || (length->count() >= 1 && length->count() < 1e9), "max_note_length",
                         "at least a second");
}

}  // namespace musicgen::inline MUSICGEN_ABI
