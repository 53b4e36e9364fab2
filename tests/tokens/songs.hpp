// Tokens as text, and songs for tests.
#pragma once

#include <algorithm>
#include <musicgen/core/random.hpp>
#include <musicgen/midi/score.hpp>
#include <musicgen/tokens/vocabulary.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace musicgen::test {

/// The tokens of a text such as "^ +60 v64 i0".
inline std::vector<Token> tokens(const Vocabulary& vocabulary, const std::string& text) {
  std::vector<Token> all;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const Token token = vocabulary.find(word);
    if (token == no_token) throw Error("the test's word \"" + word + "\" is not in the vocabulary");
    all.push_back(token);
  }
  return all;
}

inline std::string text(const Vocabulary& vocabulary, const std::vector<Token>& tokens) {
  std::string all;
  for (const Token token : tokens) all += (all.empty() ? "" : " ") + vocabulary.name(token);
  return all;
}

/// The vocabulary of the language of beats, made once.
inline const Vocabulary& beats() {
  static const Vocabulary vocabulary = Vocabulary::beats();
  return vocabulary;
}

/// Eighty notes at random times.
inline Score score_without_beat() {
  std::vector<Note> notes;
  Random random(5);
  for (int i = 0; i < 80; ++i) {
    const double start = 20 * random.uniform();
    notes.push_back({start, start + 0.1 + random.uniform(), 60 + i % 13, 80, 0});
  }
  std::sort(notes.begin(), notes.end(), by_onset);
  return Score::from_notes(notes);
}

/// An incomplete vocabulary in an unusual order: pitches 40..80 without 50, where 60 can only start and 61 can only
/// end; four velocities; tracks 0, 2 and 5.
inline Vocabulary vocabulary_with_holes() {
  std::vector<std::string> names{"$", "i5", "v127", "v31", "i0", "v63", "i2", "v95", "^"};
  for (int n = max_time_steps; n >= 1; --n) names.push_back("t" + std::to_string(n));
  for (int p = 40; p <= 80; ++p) {
    if (p != 50 && p != 61) names.push_back("+" + std::to_string(p));
    if (p != 50 && p != 60) names.push_back("-" + std::to_string(p));
  }
  return Vocabulary::from_names(names);
}

/// Notes in milliseconds as a score on a grid of 1 ms.
struct MillisecondNote {
  int start, end, pitch, velocity = 64, track = 0;
};
inline Score score_of(const std::vector<MillisecondNote>& notes) {
  std::vector<Note> all;
  for (const auto& n : notes) all.push_back({n.start / 1000.0, n.end / 1000.0, n.pitch, n.velocity, n.track});
  return Score::from_notes(all);
}

/// Dense, overlapping, colliding notes on a few tracks (one of them drums), with changing tempos.
inline Score random_score(std::uint64_t seed) {
  Random random(seed);
  Score score;
  std::vector<TempoChange> changes;
  for (int i = random.between(0, 4); i > 0; --i)
    changes.push_back({random.between(0, 4000), static_cast<std::uint32_t>(random.between(200000, 900000))});
  score.tempo = TempoMap(static_cast<std::uint16_t>(random.between(24, 960)), changes);
  score.tracks.resize(static_cast<std::size_t>(random.between(1, 6)));
  for (std::size_t k = 0; k < score.tracks.size(); ++k) {
    Track& track = score.tracks[k];
    track.channel = k == 1 ? 9 : static_cast<int>(k);
    track.program = random.between(0, 127);
    const int lowest = random.between(0, 120), length = random.between(1, 20000);
    for (int i = random.between(0, 200); i > 0; --i) {
      const int start = random.between(0, length);
      track.notes.push_back({start, start + random.between(1, 600),
                             static_cast<std::uint8_t>(random.between(lowest, lowest + 7)),
                             static_cast<std::uint8_t>(random.between(1, 127))});
    }
    std::stable_sort(track.notes.begin(), track.notes.end(), by_onset);
  }
  return score;
}

}  // namespace musicgen::test
