// Internal: collects what one channel does in an MTrk chunk, event by event.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "events.hpp"
#include "note_pairing.hpp"
#include "programs.hpp"
#include "score.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Takes a channel's events in the order of their ticks. Functions return how many notes have been dropped because they
/// have no length.
class ChannelReader {
 public:
  /// @param sustain  controller 64 lengthens notes
  ChannelReader(int number, bool sustain) : number_(number), sustain_(sustain) {}

  int number() const { return number_; }

  std::size_t on(std::int64_t tick, std::uint8_t pitch, std::uint8_t velocity) {
    last_on_ = tick;
    return pairing_.on(tick, pitch, velocity);
  }

  std::size_t off(std::int64_t tick, std::uint8_t pitch, std::uint8_t release) {
    // With `sustain`, the notes that the pedal ends do so before the pedal moves.
    if (last_off_ != tick && !sustain_)
      for (auto event = events_.rbegin(); event != events_.rend() && event->tick == tick; ++event)
        if (event->place == ChannelEvent::Place::between) event->place = ChannelEvent::Place::before_ends;
    last_off_ = tick;
    return pairing_.off(tick, pitch, release);
  }

  std::size_t event(ChannelEvent event) {
    if (last_on_ == event.tick) event.place = ChannelEvent::Place::after_starts;
    events_.push_back(event);
    if (!sustain_ || event.kind != ChannelEvent::Kind::control || event.number != 64) return 0;
    return pairing_.pedal(event.tick, event.value >= 64);
  }

  std::size_t still_on() const { return pairing_.still_on(); }
  std::size_t finish(std::int64_t tick) { return pairing_.finish(tick); }

  /// The channel's notes, events and program as a track. Call it last, after `finish`.
  Track take() {
    Track track;
    track.channel = number_;
    track.notes = pairing_.take();
    track.events = std::move(events_);
    settle_places(track);
    settle_program(track);
    return track;
  }

 private:
  /// An event is before or after notes only if there are any.
  static void settle_places(Track& track) {
    using Place = ChannelEvent::Place;
    std::vector<std::int64_t> ends;
    for (ChannelEvent& event : track.events) {
      if (event.place == Place::between) continue;
      if (event.place == Place::before_ends && ends.empty()) {
        for (const TickNote& note : track.notes) ends.push_back(note.end);
        std::sort(ends.begin(), ends.end());
      }
      const bool meets_notes =
          event.place == Place::before_ends
              ? std::binary_search(ends.begin(), ends.end(), event.tick)
              : std::binary_search(track.notes.begin(), track.notes.end(), TickNote{event.tick, 0, 0, 0},
                                   [](const TickNote& a, const TickNote& b) { return a.start < b.start; });
      if (!meets_notes) event.place = Place::between;
    }
  }

  int number_;
  bool sustain_;
  NotePairing pairing_;
  std::vector<ChannelEvent> events_;
  std::int64_t last_on_ = -1, last_off_ = -1;  // ticks
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
