// Songs made comparable: their notes, their beginnings, and so many of them that none is another's version.
//
// Pure functions: any number of threads may call them.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../data/song.hpp"
#include "../midi/score.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// A song's notes on the grid of its tokens, by start, then track, then pitch.
[[nodiscard]] std::vector<Note> notes_of(const Song& song, const Vocabulary& vocabulary);

/// The beginning of a song: the notes that start in it, cut where it ends.
/// @throws Error  for less than one step of 10 ms
[[nodiscard]] Song beginning_of(const Song& song, std::chrono::duration<double> length, const Vocabulary& vocabulary);

/// The beginning of a score, its first note being the first that is not drums: the notes that start in it, or before
/// it, cut where it ends. Tempo, signatures and all else stay.
/// @throws Error  for less than 10 ms
[[nodiscard]] Score beginning_of(const Score& score, std::chrono::duration<double> length);

/// The songs without those that are versions of an earlier one; of one split only, if it is given. They point into
/// `songs`.
[[nodiscard]] std::vector<const Song*> distinct_songs(std::span<const Song> songs, std::optional<Split> split = {});

/// `count` of the songs, at equal distances in their order; all if there are no more.
[[nodiscard]] std::vector<const Song*> evenly_chosen(std::span<const Song* const> songs, std::size_t count);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "excerpts.ipp"
#endif
