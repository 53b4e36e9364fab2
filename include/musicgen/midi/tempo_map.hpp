// Converts ticks to seconds, and seconds to ticks.
#pragma once

#include <cstdint>
#include <vector>

#include "../core/config.hpp"
#include "events.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Converts between ticks and seconds (Standard MIDI Files 1.0: the header's division, and set-tempo events).
class TempoMap {
 public:
  /// @param division  as in the header: ticks per quarter note or, if the top bit is set, SMPTE frames per second
  ///                  (negated, upper byte; 29 means 30000/1001) and ticks per frame (lower byte); not 0
  /// @param changes   in any order; of several at one tick the last counts; 120 quarters a minute before the first
  explicit TempoMap(std::uint16_t division = 500, std::vector<TempoChange> changes = {});

  [[nodiscard]] std::uint16_t division() const { return division_; }
  [[nodiscard]] const std::vector<TempoChange>& changes() const { return changes_; }  ///< by tick
  [[nodiscard]] bool is_smpte() const { return division_ & 0x8000; }

  [[nodiscard]] double seconds(std::int64_t tick) const;
  /// The tick nearest to `seconds`.
  [[nodiscard]] std::int64_t tick(double seconds) const;

  bool operator==(const TempoMap& other) const { return division_ == other.division_ && changes_ == other.changes_; }

 private:
  struct Segment {
    std::int64_t tick;
    double seconds, seconds_per_tick;
  };

  double seconds_per_tick(std::uint32_t microseconds_per_quarter) const;

  std::uint16_t division_;
  std::vector<TempoChange> changes_;
  std::vector<Segment> segments_;  // each from its tick to the next one's
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "tempo_map.ipp"
#endif
