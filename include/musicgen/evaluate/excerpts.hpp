// Makes songs comparable: their notes, their beginnings, and selections in which no song is a version of another.
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

/// The beginning of a song: the notes that start within `length`, cut at its end.
/// @throws Error  for less than one step of 10 ms
[[nodiscard]] Song beginning_of(const Song& song, std::chrono::duration<double> length, const Vocabulary& vocabulary);

/// The beginning of a score, counted from its first note that is not drums: all notes that start before it ends, cut
/// there. Tempo, signatures and everything else are kept.
/// @throws Error  for less than 10 ms
[[nodiscard]] Score beginning_of(const Score& score, std::chrono::duration<double> length);

/// The songs without later versions of the same song; of one split only, if given. They point into `songs`.
[[nodiscard]] std::vector<const Song*> distinct_songs(std::span<const Song> songs, std::optional<Split> split = {});

/// `count` of the songs, evenly spaced; all if there are fewer.
[[nodiscard]] std::vector<const Song*> evenly_chosen(std::span<const Song* const> songs, std::size_t count);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "excerpts.ipp"
#endif
