// Definitions of analysis.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include "analysis.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE std::string to_string(Meter meter) {
  return std::to_string(meter.beats) + "/" + std::to_string(meter.unit);
}

MUSICGEN_INLINE const char* pitch_class_name(int pitch_class) {
  constexpr std::array names{"C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"};
  return names[static_cast<std::size_t>((pitch_class % 12 + 12) % 12)];
}

MUSICGEN_INLINE std::string KeySpan::label() const {
  return std::string(pitch_class_name(tonic)) + (minor ? ":min" : ":maj");
}

MUSICGEN_INLINE std::string ChordSpan::label() const {
  constexpr std::array names{"N", ":maj", ":min", ":dim", ":aug", ":sus2", ":sus4"};
  const std::string name = names[static_cast<std::size_t>(quality)];
  return quality == ChordQuality::none ? name : pitch_class_name(root) + name;
}

MUSICGEN_INLINE std::vector<Seconds> Analysis::downbeats() const {
  std::vector<Seconds> times;
  for (const Beat& beat : beats)
    if (beat.place == 0) times.push_back(beat.time);
  return times;
}

MUSICGEN_INLINE const KeySpan* Analysis::main_key() const {
  std::array<Seconds, 24> lengths{};
  const auto length_of = [&](const KeySpan& key) -> Seconds& {
    return lengths[static_cast<std::size_t>(key.tonic) + (key.minor ? 12U : 0U)];
  };
  bool silent = true;
  for (const ChordSpan& chord : chords) silent = silent && chord.quality == ChordQuality::none;
  auto chord = chords.begin();
  for (const KeySpan& key : keys) {
    length_of(key) += silent ? key.length() : Seconds(0);
    for (; !silent && chord != chords.end() && chord->start < key.end; ++chord) {
      if (chord->quality != ChordQuality::none)
        length_of(key) += std::max(Seconds(0), std::min(key.end, chord->end) - std::max(key.start, chord->start));
      if (chord->end > key.end) break;  // the rest of it belongs to the next key
    }
  }
  const auto longest = std::max_element(
      keys.begin(), keys.end(), [&](const KeySpan& a, const KeySpan& b) { return length_of(a) < length_of(b); });
  return longest == keys.end() ? nullptr : &*longest;
}

MUSICGEN_INLINE Seconds Analysis::beat_time(int beat) const {
  return beat < std::ssize(beats) ? beats[static_cast<std::size_t>(beat)].time : end;
}

MUSICGEN_INLINE std::string Analysis::form() const {
  std::string text;
  for (const PhraseSpan& phrase : phrases) text += phrase.label() + std::to_string(phrase.bars());
  return text;
}

}  // namespace musicgen::inline MUSICGEN_ABI
