// Songs made comparable: their notes, their beginnings, and so many of them that none is another's version.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../core/text.hpp"
#include "../data/song.hpp"
#include "../data/splits.hpp"
#include "../midi/score.hpp"
#include "../tokens/decoder.hpp"
#include "../tokens/encoder.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// A song's notes on the grid of its tokens, by start, then track, then pitch.
inline std::vector<Note> notes_of(const Song& song, const Vocabulary& vocabulary) {
  NoteAssembler assembler;
  std::vector<Note> notes;
  notes.reserve(static_cast<std::size_t>(song.notes));
  for (const Token token : song.tokens)
    if (const auto note = assembler.push(vocabulary[token])) notes.push_back(*note);
  std::sort(notes.begin(), notes.end(), by_onset);
  return notes;
}

/// The song's first seconds: the notes that start in them, cut where they end.
/// @throws Error  for less than one step of 10 ms
inline Song beginning_of(const Song& song, double seconds, const Vocabulary& vocabulary) {
  if (!(seconds >= step_seconds)) throw Error("an excerpt lasts " + detail::number_text(step_seconds) + " s at least");
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

/// The songs without those that are versions of an earlier one; of one side only, if it is given.
inline std::vector<const Song*> different_songs(std::span<const Song> songs, std::optional<Split> split = {}) {
  const auto first = first_versions(songs);
  std::vector<const Song*> different;
  for (std::size_t i = 0; i < songs.size(); ++i)
    if (first[i] == i && songs[i].split == split.value_or(songs[i].split)) different.push_back(&songs[i]);
  return different;
}

/// `count` of the songs, at equal distances in their order; all if there are no more.
inline std::vector<const Song*> spread_choice(std::span<const Song* const> songs, std::size_t count) {
  count = std::min(count, songs.size());
  std::vector<const Song*> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(songs[i * songs.size() / count]);
  return chosen;
}

}  // namespace musicgen::inline MUSICGEN_ABI
