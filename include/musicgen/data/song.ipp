// Definitions of song.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "../core/error.hpp"
#include "song.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// @throws Error  that names the song and the token, unless `holds`
inline void require_of_song(bool holds, const Song& song, std::size_t i, const char* otherwise) {
  if (!holds)
    throw Error(song.name + ": token " + std::to_string(i) + " of " + std::to_string(song.tokens.size()) + " " +
                otherwise);
}

/// Fills in what the tokens tell.
/// @throws Error  if between `^` and `$` they are anything but time steps, ons and offs of notes, each note ended once
inline void measure(Song& song, const Vocabulary& vocabulary) {
  const auto at = [&](std::size_t i) { return vocabulary[song.tokens[i]]; };
  constexpr std::int64_t silent = -1;
  std::array<std::int64_t, track_count * pitch_count> began;  // when each (track, pitch) did that sounds
  began.fill(silent);
  std::int64_t longest = 0, velocities = 0;
  int sounding = 0;
  std::size_t i = 1;
  for (const std::size_t end = song.tokens.size() - 1; i < end; ++i) {
    const auto [kind, value] = at(i);
    if (kind == TokenKind::time) {
      song.steps += value;
      continue;
    }
    const bool on = kind == TokenKind::note_on;
    require_of_song(on || kind == TokenKind::note_off, song, i, "begins no event");
    if (on) {
      require_of_song(at(i + 1).kind == TokenKind::velocity, song, i, "lacks its velocity");
      velocities += at(i + 1).value;
    }
    i += on ? 2 : 1;  // a group that breaks off stops at `$` at the latest
    const auto [last_kind, track] = at(i);
    require_of_song(last_kind == TokenKind::track, song, i, "is no track");
    const int voice = track * pitch_count + value;
    std::int64_t& start = began[static_cast<std::size_t>(voice)];
    require_of_song((start == silent) == on, song, i,
                    on ? "begins a note that sounds" : "ends a note that does not sound");
    if (on) {
      ++song.notes;
      ++sounding;
      song.pitches.set(static_cast<std::size_t>(value));
      start = song.steps;
    } else {
      --sounding;
      longest = std::max(longest, song.steps - start);
      start = silent;
    }
  }
  require_of_song(sounding == 0, song, i, "comes while notes sound");
  song.longest_note = static_cast<int>(longest);
  if (song.notes > 0) song.velocity = static_cast<int>((velocities + song.notes / 2) / song.notes);
}

}  // namespace detail

MUSICGEN_INLINE Song make_song(std::string name, Split split, std::vector<Token> tokens, std::vector<int> programs,
                               const Vocabulary& vocabulary) {
  Song song{std::move(name), split, std::move(tokens), std::move(programs)};
  const std::size_t size = song.tokens.size();
  for (std::size_t i = 0; i < size; ++i)
    detail::require_of_song(song.tokens[i] >= 0 && song.tokens[i] < vocabulary.size(), song, i,
                            "is not in the vocabulary");
  if (size < 2 || song.tokens.front() != vocabulary.start() || song.tokens.back() != vocabulary.end())
    throw Error(song.name + ": a song begins with ^ and ends with $");
  detail::measure(song, vocabulary);
  return song;
}

MUSICGEN_INLINE std::size_t group_size(TokenKind kind) {
  return kind == TokenKind::note_on ? 3 : kind == TokenKind::note_off ? 2 : 1;
}

MUSICGEN_INLINE std::size_t group_start(const Song& song, const Vocabulary& vocabulary, std::size_t i) {
  const auto kind = [&](std::size_t at) { return vocabulary[song.tokens[at]].kind; };
  if (kind(i) == TokenKind::track) --i;
  if (kind(i) == TokenKind::velocity) --i;
  return i;
}

MUSICGEN_INLINE std::vector<SoundingNote> sounding_at(const Song& song, const Vocabulary& vocabulary, std::size_t i) {
  const auto at = [&](std::size_t k) { return vocabulary[song.tokens[k]]; };
  // No note lasts longer than song.longest_note: what began before that is over.
  std::size_t from = i;
  for (std::int64_t steps = 0; from > 0 && steps <= song.longest_note; --from)
    if (at(from - 1).kind == TokenKind::time) steps += at(from - 1).value;

  std::vector<SoundingNote> sounding;  // `steps` from `from` to where it began, until the end is known
  int now = 0;
  for (; from < i; ++from) {
    const auto [kind, value] = at(from);
    if (kind == TokenKind::time) now += value;
    if (kind == TokenKind::note_on) sounding.push_back({value, at(from + 2).value, now});
    if (kind == TokenKind::note_off)
      std::erase_if(sounding, [&, pitch = value, track = at(from + 1).value](const SoundingNote& n) {
        return n.pitch == pitch && n.track == track;
      });
  }
  for (SoundingNote& note : sounding) note.steps = now - note.steps;
  return sounding;
}

}  // namespace musicgen::inline MUSICGEN_ABI
