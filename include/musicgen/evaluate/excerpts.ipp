// Definitions of excerpts.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "../core/error.hpp"
#include "../core/text.hpp"
#include "../data/splits.hpp"
#include "../tokens/decoder.hpp"
#include "../tokens/encoder.hpp"
#include "excerpts.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {
/// @throws Error  if it is shorter than a step
inline void require_excerpt(double seconds) {
  if (!(seconds >= step_seconds)) throw Error("an excerpt lasts " + number_text(step_seconds) + " s at least");
}
}  // namespace detail

MUSICGEN_INLINE std::vector<Note> notes_of(const Song& song, const Vocabulary& vocabulary) {
  NoteAssembler assembler;
  std::vector<Note> notes;
  notes.reserve(static_cast<std::size_t>(song.notes));
  for (const Token token : song.tokens)
    if (const auto note = assembler.push(vocabulary[token])) notes.push_back(*note);
  std::sort(notes.begin(), notes.end(), by_onset);
  return notes;
}

MUSICGEN_INLINE Song beginning_of(const Song& song, std::chrono::duration<double> length,
                                  const Vocabulary& vocabulary) {
  const double seconds = length.count();
  detail::require_excerpt(seconds);
  const auto to_step = [](double time) { return static_cast<std::int32_t>(std::lround(time / step_seconds)); };
  const std::int32_t end = to_step(std::min(seconds, song.seconds() + 1));
  std::vector<GridNote> notes;
  for (const Note& n : notes_of(song, vocabulary)) {
    const std::int32_t start = to_step(n.start);
    if (start >= end) break;
    notes.push_back({start, std::min(to_step(n.end), end), static_cast<std::uint8_t>(n.track),
                     static_cast<std::uint8_t>(n.pitch), static_cast<std::uint8_t>(n.velocity)});
  }
  return make_song(song.name, song.split, encode_notes(notes, vocabulary), song.programs, vocabulary);
}

MUSICGEN_INLINE Score beginning_of(const Score& score, std::chrono::duration<double> length) {
  const double seconds = length.count();
  detail::require_excerpt(seconds);
  const std::vector<Note> notes = score.notes();
  Score beginning = score;
  if (notes.empty()) return beginning;
  const double end = notes.front().start + seconds;
  for (Track& track : beginning.tracks) {
    if (end >= score.duration()) break;  // nothing to cut, not even by rounding
    const TempoMap& tempo = track.own_tempo ? *track.own_tempo : score.tempo;
    const std::int64_t last = tempo.tick(end);
    std::erase_if(track.notes, [&](const TickNote& note) { return note.start >= last; });
    for (TickNote& note : track.notes) note.end = std::min(note.end, last);
  }
  return beginning;
}

MUSICGEN_INLINE std::vector<const Song*> distinct_songs(std::span<const Song> songs, std::optional<Split> split) {
  const auto first = first_versions(songs);
  std::vector<const Song*> distinct;
  for (std::size_t i = 0; i < songs.size(); ++i)
    if (first[i] == i && songs[i].split == split.value_or(songs[i].split)) distinct.push_back(&songs[i]);
  return distinct;
}

MUSICGEN_INLINE std::vector<const Song*> evenly_chosen(std::span<const Song* const> songs, std::size_t count) {
  count = std::min(count, songs.size());
  std::vector<const Song*> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(songs[i * songs.size() / count]);
  return chosen;
}

}  // namespace musicgen::inline MUSICGEN_ABI
