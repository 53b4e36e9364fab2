// Which split a song of any folder belongs to: drawn by a hash, so that neither the folder's place nor its other songs
// matter.
//
// What is the same song has to be in one split, or validation measures memory. Two files are one song if their paths
// agree but for what marks a version ("song-v2", "song (1)", "song copy", a folder "versions"), or if their tokens are
// the same.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../core/config.hpp"
#include "song.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Puts each song into the training or the validation split, versions of one song into the same. A song is for
/// validation if the hash of its path falls into the lowest tenth; where none does, the one with the lowest is, and
/// where all do, all but the one with the highest. A single song is for training.
void split_by_song(std::span<Song> songs);

/// What the versions of a song have in common: its path in lower case, without folders named "versions" or the mark of
/// a version ("-v2", " (1)", "_copy", " - copy 3").
[[nodiscard]] std::string song_key(std::string_view name);

/// For each song the index of the first one that is the same song.
[[nodiscard]] std::vector<std::size_t> first_versions(std::span<const Song> songs);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "splits.ipp"
#endif
