// What a listener may ask for, as a bias on the logits: a key, a range, fewer tracks, a loudness. combined() joins two.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// (V), added to the logits: 0 changes nothing, log 2 makes a token twice as likely, `never` rules it out. Note-offs of
/// sounding notes stay possible whatever it says.
using Bias = std::vector<float>;
inline constexpr float never = -std::numeric_limits<float>::infinity();

/// `unwanted(meaning)` says which tokens are never to come.
inline Bias bias_against(const Vocabulary& vocabulary, const std::function<bool(TokenEvent)>& unwanted) {
  Bias bias(static_cast<std::size_t>(vocabulary.size()), 0.0f);
  for (Token t = 0; t < vocabulary.size(); ++t)
    if (unwanted(vocabulary[t])) bias[static_cast<std::size_t>(t)] = never;
  return bias;
}

/// Only notes from `lowest` to `highest`.
inline Bias only_range(const Vocabulary& vocabulary, int lowest, int highest) {
  return bias_against(vocabulary, [=](TokenEvent m) {
    return m.kind == TokenKind::note_on && (m.value < lowest || m.value > highest);
  });
}

/// Only notes of these pitch classes (0 is C, 11 is B).
inline Bias only_pitch_classes(const Vocabulary& vocabulary, std::span<const int> classes) {
  std::array<bool, 12> wanted{};
  for (const int c : classes) wanted[static_cast<std::size_t>((c % 12 + 12) % 12)] = true;
  return bias_against(vocabulary, [=](TokenEvent m) {
    return m.kind == TokenKind::note_on && !wanted[static_cast<std::size_t>(m.value % 12)];
  });
}

/// Only notes of a major or natural minor key on `tonic` (0 is C).
inline Bias only_key(const Vocabulary& vocabulary, int tonic, bool minor = false) {
  constexpr std::array<int, 7> major_steps{0, 2, 4, 5, 7, 9, 11}, minor_steps{0, 2, 3, 5, 7, 8, 10};
  std::array<int, 7> classes{};
  for (std::size_t i = 0; i < 7; ++i) classes[i] = tonic + (minor ? minor_steps : major_steps)[i];
  return only_pitch_classes(vocabulary, classes);
}

/// Only these tracks.
inline Bias only_tracks(const Vocabulary& vocabulary, std::span<const int> tracks) {
  std::array<bool, track_count> wanted{};
  for (const int k : tracks)
    if (k >= 0 && k < track_count) wanted[static_cast<std::size_t>(k)] = true;
  return bias_against(vocabulary, [=](TokenEvent m) {
    return m.kind == TokenKind::track && !wanted[static_cast<std::size_t>(m.value)];
  });
}

/// Longer time steps, and so fewer notes a second: one of s seconds becomes (s / 0.15)^amount times as likely. Under 0:
/// shorter ones, more notes. A tenth can be heard.
inline Bias longer_steps(const Vocabulary& vocabulary, float amount = 1) {
  constexpr double usual_seconds = 0.15;
  Bias bias(static_cast<std::size_t>(vocabulary.size()), 0.0f);
  for (Token t = 0; t < vocabulary.size(); ++t)
    if (const TokenEvent m = vocabulary[t]; m.kind == TokenKind::time)
      bias[static_cast<std::size_t>(t)] = amount * static_cast<float>(std::log(m.value * step_seconds / usual_seconds));
  return bias;
}

/// Velocities near `usual`: one that is d away from it becomes e^(-amount (d / 20)^2) times as likely. A little, 0.1,
/// hardly changes a choice and brings back, in the course of a hundred notes, a song that has grown too loud or soft.
inline Bias usual_loudness(const Vocabulary& vocabulary, int usual, float amount = 1) {
  Bias bias(static_cast<std::size_t>(vocabulary.size()), 0.0f);
  for (Token t = 0; t < vocabulary.size(); ++t)
    if (const TokenEvent m = vocabulary[t]; m.kind == TokenKind::velocity) {
      const float away = static_cast<float>(m.value - usual) / 20;
      bias[static_cast<std::size_t>(t)] = -amount * away * away;
    }
  return bias;
}

/// Both wishes at once.
inline Bias combined(Bias a, const Bias& b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) a[i] += b[i];
  return a;
}

}  // namespace musicgen::inline MUSICGEN_ABI
