// A song of a corpus: its tokens, its split, and what a trainer needs to know about it.
#pragma once

#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "../core/config.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// What a song is used for. Versions of one song are never in two splits.
enum class Split : std::uint8_t { train, validation, test };

inline const char* to_string(Split split) {
  constexpr const char* names[] = {"train", "validation", "test"};
  return names[static_cast<std::size_t>(split)];
}

/// A note that has begun and not ended.
struct SoundingNote {
  int pitch, track;
  int steps;  ///< since it began; 0: in the current step
  bool operator==(const SoundingNote&) const = default;
};

struct Song {
  std::string name;  ///< path in the corpus, '/' between folders, no extension: "001/versions/001-v1"
  Split split = Split::train;
  std::vector<Token> tokens;  ///< `^ ... $`
  std::vector<int> programs;  ///< General MIDI instrument of track K

  // The rest follows from the tokens.
  std::int64_t steps = 0;               ///< in all, from the first note's onset or, in beats, the first bar line
  int notes = 0;                        ///< note-ons
  int longest_note = 0;                 ///< steps
  std::chrono::milliseconds length{0};  ///< duration at the song's tempo, to 10 ms
  std::chrono::milliseconds max_note_length{0};  ///< of the longest note, likewise
  int velocity = 0;                              ///< mean of its notes, rounded
  std::bitset<pitch_count> pitches{};            ///< that occur

  double seconds() const { return std::chrono::duration<double>(length).count(); }
  bool operator==(const Song&) const = default;
};

/// Makes a song and fills in what follows from its tokens.
/// @throws Error  unless the tokens are in the vocabulary, `^ ... $`, with complete notes that all end
[[nodiscard]] Song make_song(std::string name, Split split, std::vector<Token> tokens, std::vector<int> programs,
                             const Vocabulary& vocabulary);

/// The number of tokens in a group that begins with `kind`: 3 for a note-on `+p vN iK`, 2 for a note-off `-p iK`,
/// otherwise 1.
[[nodiscard]] std::size_t group_size(TokenKind kind);

/// Where the group that contains tokens[i] begins.
[[nodiscard]] std::size_t group_start(const Song& song, const Vocabulary& vocabulary, std::size_t i);

/// The notes that sound before tokens[i], the start of a group, in order of onset.
[[nodiscard]] std::vector<SoundingNote> sounding_at(const Song& song, const Vocabulary& vocabulary, std::size_t i);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "song.ipp"
#endif
