// From a score to tokens, in three steps that can also be called one by one:
//
//   Score --quantize--> notes on a grid of 10 ms --resolve_overlaps--> notes that tokens can express --encode_notes-->
//   tokens
//
// Absolute times are rounded, with the first encoded note at 0, so errors do not add up: every onset and end is within
// 5 ms of the file's. Resolving overlaps makes the notes of each (track, pitch) follow one another: those that start in
// the same step are merged, and a note that is struck again while it sounds ends there. Within a step, offs come before
// ons, each ordered by track, then pitch. A gap is as many t100 as fit and then the rest; there is no gap at either end
// of the song.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../midi/score.hpp"
#include "plan.hpp"
#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// A note on the grid of 10 ms, counted from the first note's onset.
struct GridNote {
  std::int32_t start, end;              ///< steps, start < end
  std::uint8_t track, pitch, velocity;  ///< 0..15, 0..127, 1..127 as played
  bool operator==(const GridNote&) const = default;
};

/// Counts of notes that are not in the tokens as they are in the score.
struct EncodeReport {
  std::int64_t merged = 0;          ///< dropped for a louder (or longer) note of their pitch, track and step
  std::int64_t restruck = 0;        ///< ended by the next note of their pitch and track
  std::int64_t dropped_tracks = 0;  ///< melodic tracks beyond the 16 with the most notes
  std::int64_t dropped_notes = 0;   ///< notes of those tracks, and notes for which the vocabulary has no words
  EncodeReport& operator+=(const EncodeReport& more) {
    merged += more.merged;
    restruck += more.restruck;
    dropped_tracks += more.dropped_tracks;
    dropped_notes += more.dropped_notes;
    return *this;
  }
  bool operator==(const EncodeReport&) const = default;
};

/// A song as notes on the grid.
struct GridSong {
  std::vector<GridNote> notes;
  std::vector<int> programs;  ///< General MIDI instrument of track K
  EncodeReport report;
};

/// A song as tokens.
struct Encoded {
  std::vector<Token> tokens;  ///< `^` ... `$`
  std::vector<int> programs;  ///< General MIDI instrument of track K
  EncodeReport report;
};

/// Longer songs are refused: a damaged file of a few bytes can claim years, which would fill memory with t100.
inline constexpr std::int32_t max_song_steps = 7 * 24 * 3600 * 100;  // a week

/// Sorts notes by start, track and pitch, and makes those of each (track, pitch) follow one another: of notes that
/// start in the same step only the loudest is kept (of equally loud ones the longest), and a note that still sounds
/// when the next one starts ends there. Adds to `report`.
/// @throws Error  for a track over 15, a pitch over 127 or a start before 0: "note 17: track 16 is not in 0..15"
void resolve_overlaps(std::vector<GridNote>& notes, EncodeReport& report);

/// The score's notes without drums, on the grid and with overlaps resolved. Of more than 16 melodic tracks the 16 with
/// the most notes are taken, numbered in order of appearance; notes for which the vocabulary has no words are left out.
/// @throws Error  for a song longer than a week
[[nodiscard]] GridSong quantize(const Score& score, const Vocabulary& vocabulary);

/// The same on the grid of a plan, from its first bar line on; earlier notes are left out.
[[nodiscard]] GridSong quantize(const Score& score, const PlacedPlan& plan, const Vocabulary& vocabulary);

/// The tokens of notes without overlaps in the language of beats, with a plan.
/// @param notes  with the pitches of the song itself; they are transposed as the plan's key says
/// @throws Error  as below
[[nodiscard]] std::vector<Token> encode_notes(std::span<const GridNote> notes, const Plan& plan,
                                              const Vocabulary& vocabulary);

/// The tokens of notes without overlaps, including `^` and `$`.
/// @throws Error  for notes that are not in the order of their starts, end before they begin or last beyond a week, and
///                for a note for which the vocabulary has no words
[[nodiscard]] std::vector<Token> encode_notes(std::span<const GridNote> notes, const Vocabulary& vocabulary);

/// The tokens of a score's melodic tracks, in the language of performances. A score without notes is `^ $`.
/// @throws Error  for a song longer than a week, or a vocabulary of beats
[[nodiscard]] Encoded encode(const Score& score, const Vocabulary& vocabulary);
/// The same in the language of beats, with a plan such as plan_of(analyze(score)).
[[nodiscard]] Encoded encode(const Score& score, const PlacedPlan& plan, const Vocabulary& vocabulary);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "encoder.ipp"
#endif
