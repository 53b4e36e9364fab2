// Ends notes that have sounded for too long, as a model does not always remember to.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "../core/config.hpp"
#include "../tokens/grammar.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Follows a song beside its grammar, and takes away from what the grammar allows. A copy is a snapshot; nothing
/// allocates.
class NoteLimit {
 public:
  /// @param longest  that a note may sound, in steps, at least that of the shortest time token; 0: any time
  explicit NoteLimit(std::int64_t longest = 0) : longest_(longest) {}

  /// @param grammar  having gone on by `token`
  void follow(const Grammar& grammar, const TokenEvent& token) {
    if (token.kind == TokenKind::note_on || token.kind == TokenKind::note_off) pitch_ = token.value;
    if (token.kind != TokenKind::track) return;
    const Started note{grammar.steps(), token.value, pitch_};
    if (grammar.is_sounding(pitch_, token.value))
      notes_[count_++] = note;
    else
      count_ = static_cast<std::size_t>(
          std::remove_if(notes_.begin(), end(), [&](const Started& n) { return n.place() == note.place(); }) -
          notes_.begin());
  }

  /// A note whose time is over has to end before anything else comes, and no gap leads beyond that time.
  /// @param allowed  (V), by the grammar; at least one token stays
  void restrict(const Grammar& grammar, std::span<std::uint8_t> allowed) const {
    if (longest_ == 0 || count_ == 0) return;
    const Vocabulary& vocabulary = grammar.vocabulary();
    const std::int64_t shortest = vocabulary[grammar.shortest_time()].value;
    const auto left = [&](const Started& note) { return note.start + longest_ - grammar.steps(); };
    const auto at = [](Token token) { return static_cast<std::size_t>(token); };

    // The first in canonical order: of two that are over the other one may still come after it.
    const Started* over = nullptr;
    for (auto note = notes_.begin(); note != end() && left(*note) < shortest; ++note)
      if (grammar.can_end(note->pitch, note->track) && (!over || note->place() < over->place())) over = &*note;
    const auto only = [&](Token token) {
      std::fill(allowed.begin(), allowed.end(), std::uint8_t{0});
      allowed[at(token)] = 1;
    };

    if (grammar.at_free_position()) {
      if (over) return only(vocabulary.note_off(over->pitch));
      const std::int64_t longest_gap = std::max(left(notes_.front()), shortest);
      for (std::int64_t steps = longest_gap + 1; steps <= max_time_steps; ++steps)
        if (const Token gap = vocabulary.time(static_cast<int>(steps)); gap != no_token) allowed[at(gap)] = 0;
    } else if (over && grammar.is_ending() && over->pitch == pitch_) {
      only(vocabulary.track(over->track));
    }
  }

 private:
  struct Started {
    std::int64_t start = 0;  // steps
    int track = 0, pitch = 0;
    std::pair<int, int> place() const { return {track, pitch}; }
  };
  using Notes = std::array<Started, static_cast<std::size_t>(track_count) * static_cast<std::size_t>(pitch_count)>;

  Notes::iterator end() { return notes_.begin() + static_cast<std::ptrdiff_t>(count_); }
  Notes::const_iterator end() const { return notes_.begin() + static_cast<std::ptrdiff_t>(count_); }

  std::int64_t longest_;
  Notes notes_{};  // the first `count_`: those that sound, in the order in which they began
  std::size_t count_ = 0;
  int pitch_ = 0;  // of the group
};

}  // namespace musicgen::inline MUSICGEN_ABI
