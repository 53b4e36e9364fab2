// Definitions of note_pairing.hpp.
#pragma once

#include <algorithm>
#include <utility>

#include "note_pairing.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE std::size_t NotePairing::on(std::int64_t tick, std::uint8_t pitch, std::uint8_t velocity) {
  Open& open = open_[pitch];
  const std::size_t dropped = pedal_ ? end(open, tick, open.released ? open.notes.size() : older(open, tick)) : 0;
  open.notes.push_back(notes_.size());
  notes_.push_back({tick, tick, pitch, velocity});
  return dropped;
}

MUSICGEN_INLINE std::size_t NotePairing::off(std::int64_t tick, std::uint8_t pitch, std::uint8_t release) {
  Open& open = open_[pitch];
  open.release = open.notes.empty() ? std::uint8_t{0} : release;
  const std::size_t count = older(open, tick);
  if (count > 0 && count < open.notes.size()) return end(open, tick, count);
  if (!pedal_) return end(open, tick, open.notes.size());
  open.released = !open.notes.empty();
  return 0;
}

MUSICGEN_INLINE std::size_t NotePairing::pedal(std::int64_t tick, bool down) {
  std::size_t dropped = 0;
  if (pedal_ && !down)
    for (Open& open : open_)
      if (open.released) dropped += end(open, tick, open.notes.size());
  pedal_ = down;
  return dropped;
}

MUSICGEN_INLINE std::size_t NotePairing::still_on() const {
  std::size_t count = 0;
  for (const Open& open : open_) count += open.released ? 0 : open.notes.size();
  return count;
}

MUSICGEN_INLINE std::size_t NotePairing::finish(std::int64_t tick) {
  std::size_t dropped = 0;
  for (Open& open : open_) dropped += end(open, tick, open.notes.size());
  return dropped;
}

MUSICGEN_INLINE std::vector<TickNote> NotePairing::take() {
  std::erase_if(notes_, [](const TickNote& n) { return n.end == n.start; });
  if (!std::is_sorted(notes_.begin(), notes_.end(), by_onset)) std::stable_sort(notes_.begin(), notes_.end(), by_onset);
  return std::move(notes_);
}

/// How many of the open notes began before `tick`; they come first in the list.
MUSICGEN_INLINE std::size_t NotePairing::older(const Open& open, std::int64_t tick) const {
  const auto newer =
      std::partition_point(open.notes.begin(), open.notes.end(), [&](std::size_t k) { return notes_[k].start < tick; });
  return static_cast<std::size_t>(newer - open.notes.begin());
}

/// Ends the first `count` open notes. Those without length keep end == start, and `take` leaves them out.
MUSICGEN_INLINE std::size_t NotePairing::end(Open& open, std::int64_t tick, std::size_t count) {
  std::size_t dropped = 0;
  const auto last = open.notes.begin() + static_cast<std::ptrdiff_t>(count);
  for (auto k = open.notes.begin(); k != last; ++k) {
    notes_[*k].end = tick;
    notes_[*k].release = open.release;
    dropped += notes_[*k].start == tick;
  }
  open.notes.erase(open.notes.begin(), last);
  open.released = false;
  open.release = 0;
  return dropped;
}

}  // namespace musicgen::inline MUSICGEN_ABI
