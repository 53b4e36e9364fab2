// Internal: sorts events of any kind by tick.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Where an event belongs: by tick, then by `order`, then by which came first.
struct EventPlace {
  std::int64_t tick;
  std::size_t order, place;
};

/// One sort for all kinds of events, since instantiating sorts is most of the compile time here.
inline void sort_places(std::vector<EventPlace>& places) {
  std::sort(places.begin(), places.end(), [](const EventPlace& a, const EventPlace& b) {
    if (a.tick != b.tick) return a.tick < b.tick;
    return a.order != b.order ? a.order < b.order : a.place < b.place;
  });
}

template <class Event>
void sort_by_tick(std::vector<Event>& events) {
  bool sorted = true;
  for (std::size_t k = 1; k < events.size(); ++k) sorted &= events[k - 1].tick <= events[k].tick;
  if (sorted) return;
  std::vector<EventPlace> places;
  for (std::size_t k = 0; k < events.size(); ++k) places.push_back({events[k].tick, 0, k});
  sort_places(places);
  std::vector<Event> moved;
  moved.reserve(events.size());
  for (const EventPlace& place : places) moved.push_back(std::move(events[place.place]));
  events = std::move(moved);
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
