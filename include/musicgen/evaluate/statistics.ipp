// Definitions of statistics.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>

#include "statistics.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// -sum p log2 p
template <std::size_t N>
double entropy(const std::array<int, N>& counts) {
  const double total = std::accumulate(counts.begin(), counts.end(), 0.0);
  double bits = 0;
  for (const int count : counts)
    if (count > 0) bits -= count / total * std::log2(count / total);
  return bits;
}

/// The twelve natural minor scales are those of their relative major keys, so twelve scales are enough.
inline int notes_in_best_scale(const std::array<int, 12>& classes) {
  constexpr std::array<std::size_t, 7> major{0, 2, 4, 5, 7, 9, 11};
  int best = 0;
  for (std::size_t tonic = 0; tonic < 12; ++tonic) {
    int inside = 0;
    for (const std::size_t degree : major) inside += classes[(tonic + degree) % 12];
    best = std::max(best, inside);
  }
  return best;
}

/// How long pitches sound.
struct Sounding {
  double any = 0, several = 0;  ///< seconds with one pitch or more, with two or more
  double pitch_seconds = 0;     ///< each pitch's seconds, summed
};

inline Sounding sounding_times(std::span<const Note> notes) {
  struct Event {
    double time;
    int change, pitch;
  };
  std::vector<Event> events;
  for (const Note& n : notes) events.insert(events.end(), {{n.start, 1, n.pitch}, {n.end, -1, n.pitch}});
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.time < b.time; });
  Sounding sum;
  std::array<int, 128> voices{};  // sounding notes of each pitch
  int pitches = 0;
  double now = events.empty() ? 0 : events.front().time;
  for (const Event& e : events) {
    const double passed = e.time - now;
    now = e.time;
    if (pitches >= 1) sum.any += passed;
    if (pitches >= 2) sum.several += passed;
    sum.pitch_seconds += pitches * passed;
    int& of_pitch = voices[static_cast<std::size_t>(e.pitch)];
    pitches -= of_pitch > 0;
    of_pitch += e.change;
    pitches += of_pitch > 0;
  }
  return sum;
}

}  // namespace detail

MUSICGEN_INLINE Statistics statistics(std::span<const Note> notes) {
  if (notes.empty()) return {};
  std::array<int, 128> pitches{};
  std::array<int, 12> classes{};
  std::vector<double> onsets;
  double end = 0, length = 0, velocity = 0, squared = 0;
  for (const Note& n : notes) {
    ++pitches[static_cast<std::size_t>(n.pitch)];
    ++classes[static_cast<std::size_t>(n.pitch % 12)];
    onsets.push_back(n.start);
    end = std::max(end, n.end);
    length += n.end - n.start;
    velocity += n.velocity;
    squared += n.velocity * n.velocity;
  }
  std::sort(onsets.begin(), onsets.end());
  const double duration = end - onsets.front(), chords_span = onsets.back() - onsets.front();
  onsets.erase(std::unique(onsets.begin(), onsets.end()), onsets.end());
  const auto used = [](int count) { return count > 0; };
  const auto lowest = std::find_if(pitches.begin(), pitches.end(), used);
  const auto highest = std::find_if(pitches.rbegin(), pitches.rend(), used);
  const detail::Sounding sounding = detail::sounding_times(notes);
  const auto count = static_cast<double>(notes.size());
  const auto ratio = [](double a, double b) { return b > 0 ? a / b : Statistics::none; };

  Statistics s;
  s.pitches = static_cast<double>(std::count_if(pitches.begin(), pitches.end(), used));
  s.pitch_range = static_cast<double>(std::prev(highest.base()) - lowest);
  s.pitch_entropy = detail::entropy(pitches);
  s.pitch_class_entropy = detail::entropy(classes);
  s.scale_consistency = detail::notes_in_best_scale(classes) / count;
  s.polyphony = ratio(sounding.pitch_seconds, sounding.any);
  s.polyphony_rate = ratio(sounding.several, duration);
  s.note_density = ratio(count, duration);
  s.inter_onset = ratio(chords_span, static_cast<double>(onsets.size()) - 1);
  s.note_length = length / count;
  s.velocity = velocity / count;
  s.velocity_spread = std::sqrt(std::max(0.0, squared / count - s.velocity * s.velocity));
  return s;
}

MUSICGEN_INLINE double groove_consistency(std::span<const Note> notes, std::span<const double> bars, int positions) {
  if (bars.size() < 3 || positions < 1) return Statistics::none;
  const std::size_t count = bars.size() - 1, width = static_cast<std::size_t>(positions);
  std::vector<std::uint8_t> onsets(count * width);
  for (const Note& n : notes) {
    const auto next = std::upper_bound(bars.begin(), bars.end(), n.start);
    if (next == bars.begin() || next == bars.end()) continue;
    const double share = (n.start - *std::prev(next)) / (*next - *std::prev(next));
    const auto bar = static_cast<std::size_t>(next - bars.begin()) - 1;
    // The second half of the last position belongs to the next bar's first.
    const auto place = bar * width + static_cast<std::size_t>(std::floor(share * positions + 0.5));
    if (place < onsets.size()) onsets[place] = 1;
  }
  std::size_t different = 0;
  for (std::size_t i = width; i < onsets.size(); ++i) different += onsets[i] != onsets[i - width];
  return 1 - static_cast<double>(different) / static_cast<double>((count - 1) * width);
}

}  // namespace musicgen::inline MUSICGEN_ABI
