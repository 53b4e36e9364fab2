// The MIDI files of a corpus, their names and their splits: POP909, MAESTRO, or any folder.
//
// A layout is recognized by its files' paths alone; only MAESTRO's table is opened. Hidden files and folders (".git",
// "._copy.mid") are ignored. Whatever else is found and not used is listed with the reason.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "../core/config.hpp"
#include "song.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct Score;

/// A file that is not part of a corpus, and why.
struct Skipped {
  std::filesystem::path file;
  std::string reason;
  bool operator==(const Skipped&) const = default;
};

/// How a folder's files are named and split.
enum class Layout : std::uint8_t { pop909, maestro, folder };

/// A MIDI file of a corpus.
struct MidiFile {
  std::filesystem::path path;
  std::string name;  ///< see Song
  Split split = Split::train;
};

/// The files of a corpus.
struct Listing {
  std::filesystem::path root;
  Layout layout = Layout::folder;
  std::vector<MidiFile> files;   ///< by path
  std::vector<Skipped> skipped;  ///< by path
};

/// All MIDI files (.mid, .midi, .kar, any case) in a folder and below; or `path` itself, if it is a file. Links are
/// followed. Splits are left to split_by_song().
/// @throws Error  if there is no such path
[[nodiscard]] Listing list_folder(const std::filesystem::path& path);

// ---- POP909 (Wang et al., ISMIR 2020): 001/001.mid, 001/versions/001-v1.mid, ... ----

/// POP909, or the folder that contains it. Songs whose number ends in 5 are for validation, with all their versions.
/// @throws Error  if there is no such path
[[nodiscard]] Listing list_pop909(const std::filesystem::path& dir);

/// The rule for cleaning POP909: the first track with notes must be the melody. ("meldoy" and "melopy" are names that
/// occur in POP909.)
/// @throws Error  if it is not
void require_melody(const Score& score);

// ---- MAESTRO (Hawthorne et al., ICLR 2019): maestro-v3.0.0.csv, 2004/MIDI-...midi, ... ----

/// MAESTRO, or the folder that contains it: the files in its table, with the splits it gives.
/// @throws Error  if there is no such path or table, or the table lacks the columns "split" or "midi_filename"
[[nodiscard]] Listing list_maestro(const std::filesystem::path& dir);

/// Lists `path` as MAESTRO if its table is there, as POP909 if there is a 001/001.mid or the like, otherwise as any
/// folder or a single file.
/// @throws Error  if there is no such path
[[nodiscard]] Listing list_files(const std::filesystem::path& path);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "datasets.ipp"
#endif
