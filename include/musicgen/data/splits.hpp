// Assigns the songs of any folder to splits, by a hash, so that neither the folder's location nor its other songs
// matter.
//
// Versions of a song must be in one split, or validation measures memory. Two files are versions of one song if their
// paths differ only in what marks a version ("song-v2", "song (1)", "song copy", a folder "versions"), or if their
// tokens are the same.
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
/// validation if the hash of its song_key() (the lowest among its versions) falls into the lowest tenth. If none does,
/// the song with the lowest hash is; if all do, all but the one with the highest. A single song is for training.
void split_by_song(std::span<Song> songs);

/// What the versions of a song have in common: its path in lower case, without folders named "versions" or a version
/// mark ("-v2", " (1)", "_copy", " - copy 3").
[[nodiscard]] std::string song_key(std::string_view name);

/// For each song, the index of its first version.
[[nodiscard]] std::vector<std::size_t> first_versions(std::span<const Song> songs);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "splits.ipp"
#endif
