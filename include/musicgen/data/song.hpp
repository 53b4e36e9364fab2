// A song of a corpus: its tokens, where it belongs, and what a trainer must know of it.
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

/// What a song is for. Versions of one song are never in two splits.
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

  // What follows can be read off the tokens.
  std::int64_t steps = 0;               ///< in all: from the first note's onset or, in beats, the first bar line
  int notes = 0;                        ///< note-ons
  int longest_note = 0;                 ///< steps
  std::chrono::milliseconds length{0};  ///< what the steps come to, at the song's tempo, to 10 ms
  std::chrono::milliseconds max_note_length{0};  ///< likewise the longest note's
  int velocity = 0;                              ///< the mean of its notes', rounded
  std::bitset<pitch_count> pitches{};            ///< that occur

  double seconds() const { return std::chrono::duration<double>(length).count(); }
  bool operator==(const Song&) const = default;
};

/// A song with everything that its tokens tell filled in.
/// @throws Error  unless the tokens are of the vocabulary, `^ ... $`, with notes that are whole and end
[[nodiscard]] Song make_song(std::string name, Split split, std::vector<Token> tokens, std::vector<int> programs,
                             const Vocabulary& vocabulary);

/// How many tokens the group has that begins with `kind`: a note's on `+p vN iK` 3, its off `-p iK` 2, all else 1.
[[nodiscard]] std::size_t group_size(TokenKind kind);

/// Where the group that holds tokens[i] begins.
[[nodiscard]] std::size_t group_start(const Song& song, const Vocabulary& vocabulary, std::size_t i);

/// The notes that sound before tokens[i], the start of a group, in the order in which they began.
[[nodiscard]] std::vector<SoundingNote> sounding_at(const Song& song, const Vocabulary& vocabulary, std::size_t i);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "song.ipp"
#endif
