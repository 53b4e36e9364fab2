// Definitions of encoder.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "../core/text.hpp"
#include "encoder.hpp"
#include "plan_writer.hpp"
#include "repeats.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

inline bool has_words_for(const Vocabulary& vocabulary, int track, int pitch) {
  return vocabulary.track(track) != no_token && vocabulary.note_on(pitch) != no_token &&
         vocabulary.note_off(pitch) != no_token;
}

/// A track that is encoded, and which pitches the vocabulary has words for.
struct Part {
  const Track* track;
  std::array<bool, 256> has_words;
};

/// Up to 16 melodic tracks: those with the most notes (of equal ones the earlier), in order of appearance.
inline std::vector<Part> parts_to_encode(const Score& score, const Vocabulary& vocabulary, EncodeReport& report) {
  std::vector<const Track*> tracks;
  for (const Track& track : score.tracks)
    if (track.is_melodic()) tracks.push_back(&track);

  if (tracks.size() > track_count) {
    auto by_size = tracks;
    std::stable_sort(by_size.begin(), by_size.end(),
                     [](const Track* a, const Track* b) { return a->notes.size() > b->notes.size(); });
    for (const Track* dropped : std::span(by_size).subspan(track_count)) {
      ++report.dropped_tracks;
      report.dropped_notes += static_cast<std::int64_t>(dropped->notes.size());
    }
    by_size.resize(track_count);
    std::sort(by_size.begin(), by_size.end());  // by address, which is the order of appearance
    tracks = std::move(by_size);
  }

  std::vector<Part> parts;
  for (const Track* track : tracks) {
    Part part{track, {}};
    for (int p = 0; p < pitch_count; ++p)
      part.has_words[static_cast<std::size_t>(p)] = has_words_for(vocabulary, static_cast<int>(parts.size()), p);
    parts.push_back(part);
  }
  return parts;
}

/// When the first of the encoded notes starts, in seconds; 0 if there are none.
inline double first_onset(const Score& score, std::span<const Part> parts) {
  std::optional<double> first;
  for (const Part& part : parts) {
    std::optional<std::int64_t> tick;
    for (const TickNote& n : part.track->notes)
      if (part.has_words[n.pitch] && (!tick || n.start < *tick)) tick = n.start;
    if (!tick) continue;
    const double seconds = score.seconds(*part.track, *tick);
    if (!first || seconds < *first) first = seconds;
  }
  return first.value_or(0);
}

/// The step nearest to `seconds`; of two the later, even if rounding errors have put a time just before the middle
/// (music written on a grid has many such times, and all of them should be rounded the same way).
inline std::int32_t nearest_step(double seconds) {
  const double steps = std::floor(seconds / step_seconds + 0.5 + 1e-8);
  if (!(std::abs(steps) <= max_song_steps))
    throw Error("the song lasts " + detail::number_text(seconds / 3600) + " hours: tokens are for a week at most");
  return static_cast<std::int32_t>(steps);
}

/// Orders a note's onset or end by step, then track (4 bits), then pitch (7 bits).
inline std::uint64_t event_key(std::int32_t step, const GridNote& n) {
  return static_cast<std::uint64_t>(step) << 11 | static_cast<std::uint64_t>(n.track << 7 | n.pitch);
}

/// Sorts stably by `key(item)`, 11 bits at a time from the lowest: several times as fast as a sort by comparison.
template <class Item, class Key>
void radix_sort(std::vector<Item>& items, Key key) {
  std::uint64_t greatest = 0;
  for (const Item& item : items) greatest = std::max(greatest, key(item));
  std::vector<Item> sorted(items.size());
  for (int shift = 0; shift < 64 && greatest >> shift != 0; shift += 11) {
    const auto digit = [&](const Item& item) { return static_cast<std::size_t>(key(item) >> shift & 0x7FF); };
    std::array<std::size_t, 2048> place{};
    for (const Item& item : items) ++place[digit(item)];
    std::exclusive_scan(place.begin(), place.end(), place.begin(), std::size_t{0});
    for (const Item& item : items) sorted[place[digit(item)]++] = item;
    items.swap(sorted);
  }
}

/// The token for each velocity 0..127: that of its quantized value, or else of the nearest value in the vocabulary (of
/// two the softer).
inline std::array<Token, 128> velocity_tokens(const Vocabulary& vocabulary) {
  std::array<Token, 128> tokens;
  for (int v = 0; v < 128; ++v) {
    const int wanted = quantized_velocity(v);
    int nearest = std::numeric_limits<int>::max() / 2;
    for (const Token token : vocabulary.tokens(TokenKind::velocity))
      if (const int value = vocabulary[token].value; std::abs(value - wanted) < std::abs(nearest - wanted))
        nearest = value;
    tokens[static_cast<std::size_t>(v)] = vocabulary.velocity(nearest);
  }
  return tokens;
}

/// @throws Error  unless tokens can express the note
inline void check_note(const GridNote& note, std::size_t k) {
  const auto require = [&](std::int64_t value, std::int64_t most, const char* name) {
    if (value < 0 || value > most)
      throw Error("note " + std::to_string(k) + ": " + name + " " + std::to_string(value) + " is not in 0.." +
                  std::to_string(most));
  };
  require(note.track, track_count - 1, "track");
  require(note.pitch, pitch_count - 1, "pitch");
  require(note.start, max_song_steps, "start");
}

}  // namespace detail

MUSICGEN_INLINE void resolve_overlaps(std::vector<GridNote>& notes, EncodeReport& report) {
  for (std::size_t k = 0; k < notes.size(); ++k) detail::check_note(notes[k], k);
  detail::radix_sort(notes, [](const GridNote& n) { return detail::event_key(n.start, n); });
  constexpr std::size_t none = ~std::size_t{0};
  std::array<std::size_t, track_count * pitch_count> latest;  // the last note so far of each (track, pitch)
  latest.fill(none);
  std::size_t kept = 0;
  for (const GridNote n : notes) {
    std::size_t& last = latest[std::size_t{n.track} * pitch_count + n.pitch];
    if (last != none) {
      GridNote& before = notes[last];
      if (before.start == n.start) {
        if (std::tuple(n.velocity, n.end) > std::tuple(before.velocity, before.end)) before = n;
        ++report.merged;
        continue;
      }
      if (before.end > n.start) {
        before.end = n.start;
        ++report.restruck;
      }
    }
    last = kept;
    notes[kept++] = n;
  }
  notes.resize(kept);
}

namespace detail {

/// The score's notes at the steps that `to_step` gives for their seconds, without overlaps and without notes before
/// step 0.
/// @param report  how `parts` were chosen
template <class ToStep>
GridSong notes_on_grid(const Score& score, std::span<const Part> parts, const EncodeReport& report, ToStep&& to_step) {
  GridSong song;
  song.report = report;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    const Track& track = *parts[k].track;
    song.programs.push_back(track.program);
    for (const TickNote& n : track.notes) {
      if (!parts[k].has_words[n.pitch]) {
        ++song.report.dropped_notes;
        continue;
      }
      const std::int32_t start = to_step(score.seconds(track, n.start));
      const std::int32_t end = to_step(score.seconds(track, n.end));
      if (start < 0) {
        ++song.report.dropped_notes;
        continue;
      }
      song.notes.push_back({start, std::max(end, start + 1), static_cast<std::uint8_t>(k), n.pitch, n.velocity});
    }
  }
  resolve_overlaps(song.notes, song.report);
  return song;
}

/// The step of a plan at some time; it may lie between two steps.
inline double step_at(const PlacedPlan& plan, double seconds) {
  const auto after = std::upper_bound(plan.seconds.begin(), plan.seconds.end(), seconds);
  const auto k = static_cast<std::size_t>(
      std::clamp<std::ptrdiff_t>(after - plan.seconds.begin() - 1, 0, std::ssize(plan.seconds) - 2));
  const double part = (seconds - plan.seconds[k]) / (plan.seconds[k + 1] - plan.seconds[k]);
  return plan.steps[k] + part * (plan.steps[k + 1] - plan.steps[k]);
}

}  // namespace detail

MUSICGEN_INLINE GridSong quantize(const Score& score, const Vocabulary& vocabulary) {
  EncodeReport report;
  const auto parts = detail::parts_to_encode(score, vocabulary, report);
  const double origin = detail::first_onset(score, parts);
  return detail::notes_on_grid(score, parts, report,
                               [&](double seconds) { return detail::nearest_step(seconds - origin); });
}

MUSICGEN_INLINE GridSong quantize(const Score& score, const PlacedPlan& plan, const Vocabulary& vocabulary) {
  EncodeReport report;
  const auto parts = detail::parts_to_encode(score, vocabulary, report);
  return detail::notes_on_grid(score, parts, report, [&](double seconds) {
    return detail::nearest_step(detail::step_at(plan, seconds) * step_seconds);
  });
}

namespace detail {

/// The ends of notes, in the order of tokens.
/// @throws Error  for notes that tokens cannot express
inline std::vector<std::uint64_t> ends_of(std::span<const GridNote> notes, const Vocabulary& vocabulary) {
  std::vector<std::uint64_t> offs;
  offs.reserve(notes.size());
  for (std::int32_t now = 0; const GridNote& n : notes) {
    if (n.start < now || n.end <= n.start)
      throw Error("the note at step " + std::to_string(n.start) + " is out of order or ends before it begins");
    if (n.end > max_song_steps + 1)
      throw Error("the note at step " + std::to_string(n.start) + " ends at step " + std::to_string(n.end) +
                  ": tokens are for a week at most");
    if (!has_words_for(vocabulary, n.track, n.pitch))
      throw Error("the vocabulary has no words for pitch " + std::to_string(n.pitch) + " on track " +
                  std::to_string(n.track));
    now = n.start;
    offs.push_back(event_key(n.end, n));
  }
  radix_sort(offs, [](std::uint64_t off) { return off; });
  return offs;
}

/// Writes `^`, the notes and `$`; `wait(tokens, from, to)` writes what stands between, where time passes.
template <class Wait>
std::vector<Token> write_notes(std::span<const GridNote> notes, std::span<const std::uint64_t> offs, std::int32_t now,
                               const Vocabulary& vocabulary, Wait&& wait) {
  std::vector<Token> tokens;
  tokens.reserve(7 * notes.size() + 2);
  const auto velocities = velocity_tokens(vocabulary);
  const auto wait_until = [&](std::int32_t step) {
    wait(tokens, now, step);
    now = step;
  };
  tokens.push_back(vocabulary.start());
  for (auto on = notes.begin(); const std::uint64_t off : offs) {
    const auto off_step = static_cast<std::int32_t>(off >> 11);
    for (; on != notes.end() && on->start < off_step; ++on) {
      wait_until(on->start);
      tokens.push_back(vocabulary.note_on(on->pitch));
      tokens.push_back(velocities[std::min<std::size_t>(on->velocity, velocities.size() - 1)]);
      tokens.push_back(vocabulary.track(on->track));
    }
    wait_until(off_step);
    tokens.push_back(vocabulary.note_off(static_cast<int>(off & 0x7F)));
    tokens.push_back(vocabulary.track(static_cast<int>(off >> 7 & 0xF)));
  }
  tokens.push_back(vocabulary.end());
  return tokens;
}

inline void write_gap(std::vector<Token>& tokens, std::int32_t steps, const Vocabulary& vocabulary, int longest) {
  for (; steps > longest; steps -= longest) tokens.push_back(vocabulary.time(longest));
  if (steps > 0) tokens.push_back(vocabulary.time(steps));
}

}  // namespace detail

MUSICGEN_INLINE std::vector<Token> encode_notes(std::span<const GridNote> notes, const Vocabulary& vocabulary) {
  const auto offs = detail::ends_of(notes, vocabulary);
  return detail::write_notes(notes, offs, notes.empty() ? 0 : notes.front().start, vocabulary,
                             [&](std::vector<Token>& tokens, std::int32_t from, std::int32_t to) {
                               detail::write_gap(tokens, to - from, vocabulary, max_time_steps);
                             });
}

MUSICGEN_INLINE std::vector<Token> encode_notes(std::span<const GridNote> notes, const Plan& plan,
                                                const Vocabulary& vocabulary) {
  std::vector<GridNote> moved(notes.begin(), notes.end());
  for (GridNote& note : moved) note.pitch = static_cast<std::uint8_t>(note.pitch - transposition_of(plan.key));
  const auto offs = detail::ends_of(moved, vocabulary);
  detail::PlanWriter writer(plan, vocabulary, offs.empty() ? 0 : static_cast<std::int32_t>(offs.back() >> 11));
  const int longest = vocabulary.max_steps();
  return detail::write_notes(moved, offs, 0, vocabulary,
                             [&](std::vector<Token>& tokens, std::int32_t from, std::int32_t to) {
                               for (std::int32_t stop; (stop = writer.next()) <= to; from = stop) {
                                 detail::write_gap(tokens, stop - from, vocabulary, longest);
                                 writer.write(tokens);
                               }
                               detail::write_gap(tokens, to - from, vocabulary, longest);
                             });
}

MUSICGEN_INLINE Encoded encode(const Score& score, const Vocabulary& vocabulary) {
  if (vocabulary.has_beats()) throw Error("encode: a song in the language of beats needs a plan");
  GridSong song = quantize(score, vocabulary);
  return {encode_notes(song.notes, vocabulary), std::move(song.programs), song.report};
}

MUSICGEN_INLINE Encoded encode(const Score& score, const PlacedPlan& plan, const Vocabulary& vocabulary) {
  GridSong song = quantize(score, plan, vocabulary);
  Plan repeating = plan.plan;
  repeating.repeats = repeated_bars(song.notes, repeating);
  return {encode_notes(song.notes, repeating, vocabulary), std::move(song.programs), song.report};
}

}  // namespace musicgen::inline MUSICGEN_ABI
