// Definitions of tempo_map.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "by_tick.hpp"
#include "tempo_map.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE TempoMap::TempoMap(std::uint16_t division, std::vector<TempoChange> changes)
    : division_(division), changes_(std::move(changes)) {
  detail::sort_by_tick(changes_);
  Segment at{0, 0.0, seconds_per_tick(500000)};
  segments_.push_back(at);
  if (is_smpte()) return;
  for (const TempoChange& change : changes_) {
    at = {change.tick, seconds(change.tick), seconds_per_tick(change.microseconds_per_quarter)};
    if (segments_.back().tick == at.tick) segments_.pop_back();
    segments_.push_back(at);
  }
}

MUSICGEN_INLINE double TempoMap::seconds(std::int64_t tick) const {
  const Segment& s = *std::prev(std::upper_bound(segments_.begin() + 1, segments_.end(), tick,
                                                 [](std::int64_t t, const Segment& next) { return t < next.tick; }));
  return s.seconds + static_cast<double>(tick - s.tick) * s.seconds_per_tick;
}

MUSICGEN_INLINE std::int64_t TempoMap::tick(double seconds) const {
  const Segment& s = *std::prev(std::upper_bound(segments_.begin() + 1, segments_.end(), seconds,
                                                 [](double t, const Segment& next) { return t < next.seconds; }));
  return s.seconds_per_tick > 0 ? s.tick + std::llround((seconds - s.seconds) / s.seconds_per_tick) : s.tick;
}

MUSICGEN_INLINE double TempoMap::seconds_per_tick(std::uint32_t microseconds_per_quarter) const {
  if (!is_smpte()) return microseconds_per_quarter * 1e-6 / division_;
  const int frames = -static_cast<std::int8_t>(division_ >> 8);
  return 1 / ((frames == 29 ? 30000.0 / 1001 : frames) * (division_ & 0xFF));
}

}  // namespace musicgen::inline MUSICGEN_ABI
