// Definitions of song.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <span>
#include <utility>

#include "../core/error.hpp"
#include "../tokens/song_state.hpp"
#include "../tokens/token_events.hpp"
#include "song.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// @throws Error  naming the song and the token, unless `holds`
inline void require_of_song(bool holds, const Song& song, std::size_t i, const char* otherwise) {
  if (!holds)
    throw Error(song.name + ": token " + std::to_string(i) + " of " + std::to_string(song.tokens.size()) + " " +
                otherwise);
}

/// @throws Error  for tokens that form no event
inline void require_whole(const TokenGroup& group, const Song& song, const Vocabulary& vocabulary) {
  if (group.kind != TokenGroup::Kind::broken) return;
  const auto i = static_cast<std::size_t>(group.position);
  const TokenKind kind = vocabulary[song.tokens[i]].kind;
  require_of_song(kind == TokenKind::note_on || kind == TokenKind::note_off, song, i, "begins no event");
  require_of_song(kind == TokenKind::note_off || group.size == 2, song, i, "lacks its velocity");
  require_of_song(false, song, i + group.size, "is not a track");
}

/// Fills in what follows from the tokens.
/// @throws Error  if between `^` and `$` there is anything but time steps, the plan, note-ons and note-offs, or a note
///                does not end exactly once
inline void measure(Song& song, const Vocabulary& vocabulary) {
  using Kind = TokenGroup::Kind;
  constexpr std::int64_t silent = -1;
  std::array<std::int64_t, track_count * pitch_count> began;  // onset of each (track, pitch) that sounds
  began.fill(silent);
  std::int64_t longest = 0, velocities = 0;
  int sounding = 0;
  const std::size_t last = song.tokens.size() - 1;
  for_each_group(std::span(song.tokens).first(last), vocabulary, [&](const TokenGroup& group) {
    if (group.position == 0) return;  // ^
    require_whole(group, song, vocabulary);
    song.steps += group.steps;
    if (group.kind == Kind::time || group.kind == Kind::plan) return;
    const bool on = group.kind == Kind::note_on;
    const auto i = static_cast<std::size_t>(group.position);
    require_of_song(on || group.kind == Kind::note_off, song, i, "begins no event");
    std::int64_t& start =
        began[static_cast<std::size_t>(group.track) * pitch_count + static_cast<std::size_t>(group.pitch)];
    require_of_song((start == silent) == on, song, i + group.size - 1,
                    on ? "begins a note that sounds" : "ends a note that does not sound");
    if (on) {
      ++song.notes;
      velocities += group.velocity;
      song.pitches.set(static_cast<std::size_t>(group.pitch));
    } else {
      longest = std::max(longest, song.steps - start);
    }
    sounding += on ? 1 : -1;
    start = on ? song.steps : silent;
  });
  require_of_song(sounding == 0, song, last, "comes while notes sound");
  song.longest_note = static_cast<int>(longest);
  if (song.notes > 0) song.velocity = static_cast<int>((velocities + song.notes / 2) / song.notes);
}

/// Fills in how long the song and its longest note last.
inline void measure_time(Song& song, const Vocabulary& vocabulary) {
  constexpr int hundredths = 100;
  const auto rounded = [](double seconds) {
    return std::chrono::milliseconds(10 * std::llround(hundredths * seconds));
  };
  SongState state;
  for (const Token token : song.tokens)
    if (const auto note = state.advance(vocabulary[token]).ended)
      song.max_note_length = std::max(song.max_note_length, rounded(note->end - note->start));
  song.length = rounded(state.time().count());
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
  detail::measure_time(song, vocabulary);
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
  // No note lasts longer than song.longest_note: notes that began earlier are over.
  std::size_t from = i;
  for (std::int64_t steps = 0; from > 0 && steps <= song.longest_note; --from)
    if (at(from - 1).kind == TokenKind::time) steps += at(from - 1).value;

  std::vector<SoundingNote> sounding;  // `steps`: from `from` to the onset, for now
  int now = 0;
  for_each_group(std::span(song.tokens).subspan(from, i - from), vocabulary, [&](const TokenGroup& group) {
    now += group.steps;
    if (group.kind == TokenGroup::Kind::note_on) sounding.push_back({group.pitch, group.track, now});
    if (group.kind == TokenGroup::Kind::note_off)
      std::erase_if(sounding, [&](const SoundingNote& n) { return n.pitch == group.pitch && n.track == group.track; });
  });
  for (SoundingNote& note : sounding) note.steps = now - note.steps;
  return sounding;
}

}  // namespace musicgen::inline MUSICGEN_ABI
