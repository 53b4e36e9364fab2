// Which note-off ends which note: one channel's switches in, whole notes out.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "score.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Makes notes of the note-ons and note-offs of one channel of one MIDI track, given in the order of their ticks.
///
/// A note-off ends every open note of its pitch that began at an earlier tick. One that began at the very same tick
/// goes on when there was an older note to end, which is how files strike a note again; otherwise it has no length and
/// is dropped. (The rule of the pretty_midi library.)
///
/// While the sustain pedal is down, a note-off takes effect when the pedal comes up, or when the pitch is struck again.
///
/// Functions return how many notes they have dropped for having no length. Each costs amortized constant time
/// (`pedal`: 128 pitches), whatever the file says.
class NotePairing {
 public:
  /// @param pitch     0..127
  /// @param velocity  1..127
  std::size_t on(std::int64_t tick, std::uint8_t pitch, std::uint8_t velocity) {
    Open& open = open_[pitch];
    const std::size_t dropped = pedal_ ? end(open, tick, open.released ? open.notes.size() : older(open, tick)) : 0;
    open.notes.push_back(notes_.size());
    notes_.push_back({tick, tick, pitch, velocity});
    return dropped;
  }

  std::size_t off(std::int64_t tick, std::uint8_t pitch) {
    Open& open = open_[pitch];
    const std::size_t count = older(open, tick);
    if (count > 0 && count < open.notes.size()) return end(open, tick, count);
    if (!pedal_) return end(open, tick, open.notes.size());
    open.released = !open.notes.empty();
    return 0;
  }

  std::size_t pedal(std::int64_t tick, bool down) {
    std::size_t dropped = 0;
    if (pedal_ && !down)
      for (Open& open : open_)
        if (open.released) dropped += end(open, tick, open.notes.size());
    pedal_ = down;
    return dropped;
  }

  /// How many notes no note-off has come for.
  std::size_t still_on() const {
    std::size_t count = 0;
    for (const Open& open : open_) count += open.released ? 0 : open.notes.size();
    return count;
  }

  /// Ends what is open; the end of the track.
  std::size_t finish(std::int64_t tick) {
    std::size_t dropped = 0;
    for (Open& open : open_) dropped += end(open, tick, open.notes.size());
    return dropped;
  }

  /// The notes that have ended, by start, then pitch, then order of striking. To be called after `finish`.
  std::vector<TickNote> take() {
    std::erase_if(notes_, [](const TickNote& n) { return n.end == n.start; });
    const auto before = [](const TickNote& a, const TickNote& b) {
      return std::tuple(a.start, a.pitch) < std::tuple(b.start, b.pitch);
    };
    if (!std::is_sorted(notes_.begin(), notes_.end(), before)) std::stable_sort(notes_.begin(), notes_.end(), before);
    return std::move(notes_);
  }

 private:
  struct Open {
    std::vector<std::size_t> notes;  // indices into notes_, by start
    bool released = false;           // the note-off has come, the pedal holds them
  };

  /// How many of the open notes began before `tick`: they come first.
  std::size_t older(const Open& open, std::int64_t tick) const {
    const auto newer = std::partition_point(open.notes.begin(), open.notes.end(),
                                            [&](std::size_t k) { return notes_[k].start < tick; });
    return static_cast<std::size_t>(newer - open.notes.begin());
  }

  /// Ends the first `count` open notes. What has no length by then keeps end == start, and `take` leaves it out.
  std::size_t end(Open& open, std::int64_t tick, std::size_t count) {
    std::size_t dropped = 0;
    const auto last = open.notes.begin() + static_cast<std::ptrdiff_t>(count);
    for (auto k = open.notes.begin(); k != last; ++k) {
      notes_[*k].end = tick;
      dropped += notes_[*k].start == tick;
    }
    open.notes.erase(open.notes.begin(), last);
    open.released = false;
    return dropped;
  }

  std::vector<TickNote> notes_;  // in the order of striking; an open one has end == start
  std::array<Open, 128> open_;   // by pitch
  bool pedal_ = false;
};

}  // namespace musicgen::inline MUSICGEN_ABI
