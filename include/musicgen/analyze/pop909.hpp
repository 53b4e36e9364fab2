// Reads POP909's annotations as an `Analysis`: beats, chords and keys by its makers (Wang et al., ISMIR 2020), phrases
// by Dai, Zhang and Dannenberg ("Automatic analysis and influence of hierarchical structure on melody, rhythm and
// harmony in popular music", 2020).
//
// Pure functions: any number of threads may call them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "analysis.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// The folders that hold a song's annotations.
struct Pop909Folders {
  std::filesystem::path music;      ///< beat_midi.txt, chord_midi.txt, key_audio.txt
  std::filesystem::path structure;  ///< human_label1.txt, analyzed_key.txt, ...; empty if there is none
};

/// Finds the folders of a song ("001") under `root`: POP909/001 and structure/POP909/001, or 001 and structure/001; all
/// files may also be in one folder. Nothing if there is no beat_midi.txt.
[[nodiscard]] std::optional<Pop909Folders> find_pop909_annotations(const std::filesystem::path& root,
                                                                   std::string_view song);

/// Where bars are taken from: docs/analysis.md compares them.
enum class Pop909Bars : std::uint8_t {
  structure,  ///< the bars in which phrases are counted, found in the song by alignment; beat_midi.txt if there are
              ///< none
  beat_midi  ///< the third column of beat_midi.txt, or the second one (bars of three) where the third marks every sixth
};

/// Reads a song's annotations.
///
/// Keys are those of key_audio.txt, unless analyzed_key.txt has one key for the whole song. Phrases are those of
/// human_label1.txt; their bars are found in the song by aligning its melody and chords, beat by beat, with those in
/// the same folder (melody.txt, finalized_chord.txt).
/// @param score  of the song: gives the ticks of beats, and is what bars and phrases are aligned with
/// @throws Error  if beat_midi.txt cannot be read, or for an invalid line, naming file and line
[[nodiscard]] Analysis read_pop909_annotations(const Pop909Folders& folders, const Score& score,
                                               Pop909Bars bars = Pop909Bars::structure);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "pop909.ipp"
#endif
