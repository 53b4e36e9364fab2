// Internal: finds each track's program from the program changes of a file.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "by_tick.hpp"
#include "events.hpp"
#include "score.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

inline bool is_program(const ChannelEvent& event) {
  return event.kind == ChannelEvent::Kind::program;
}

/// The index, among a track's sorted events, of the program change in force at its first note, else of the last one;
/// events.size() if there is none.
inline std::size_t program_in_force(std::span<const ChannelEvent> events, std::span<const TickNote> notes) {
  std::size_t before_note = events.size(), last = events.size();
  for (std::size_t k = 0; k < events.size(); ++k) {
    const ChannelEvent& event = events[k];
    if (!is_program(event)) continue;
    last = k;
    if (notes.empty() || event.tick < notes.front().start ||
        (event.tick == notes.front().start && event.place != ChannelEvent::Place::after_starts))
      before_note = k;
  }
  return before_note != events.size() ? before_note : last;
}

/// Stores the program in force in `track.program`, and removes it from the events if it is the only one and comes
/// first.
inline void settle_program(Track& track) {
  const std::size_t found = program_in_force(track.events, track.notes);
  track.has_program = found != track.events.size();
  if (!track.has_program) return;
  track.program = track.events[found].value;
  const bool is_first =
      found == 0 && track.events[0].tick == 0 && track.events[0].place == ChannelEvent::Place::between;
  if (is_first && std::none_of(track.events.begin() + 1, track.events.end(), is_program))
    track.events.erase(track.events.begin());
}

/// The program changes of all tracks, for tracks that have none of their own.
class ChannelPrograms {
 public:
  explicit ChannelPrograms(std::span<const Track> tracks) {
    for (const Track& track : tracks) {
      if (!track.has_program || track.channel < 0 || track.channel > 15) continue;
      auto& changes = by_channel_[static_cast<std::size_t>(track.channel)];
      const std::size_t before = changes.size();
      std::copy_if(track.events.begin(), track.events.end(), std::back_inserter(changes), is_program);
      if (changes.size() == before) changes.push_back(ChannelEvent::program(0, track.program));
    }
    for (auto& changes : by_channel_) sort_by_tick(changes);
  }

  /// The program that other tracks set on the track's channel: the one in force at its first note, else the last; 0 if
  /// there is none.
  int borrowed(const Track& track) const {
    if (track.channel < 0 || track.channel > 15) return 0;
    const auto& changes = by_channel_[static_cast<std::size_t>(track.channel)];
    if (changes.empty()) return 0;
    const std::int64_t first =
        track.notes.empty() ? std::numeric_limits<std::int64_t>::max() : track.notes.front().start;
    const auto later =
        std::upper_bound(changes.begin(), changes.end(), first,
                         [](std::int64_t tick, const ChannelEvent& change) { return tick < change.tick; });
    return (later == changes.begin() ? changes.back() : *std::prev(later)).value;
  }

 private:
  std::array<std::vector<ChannelEvent>, 16> by_channel_;
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
