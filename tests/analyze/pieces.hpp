// Pieces whose beats, keys, chords and form are known.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <musicgen/midi/score.hpp>
#include <utility>
#include <vector>

namespace musicgen::test {

inline constexpr int ticks_a_beat = 480;

/// At 120 beats a minute.
inline Score piece_with(Track track) {
  Score score;
  score.tempo = TempoMap(ticks_a_beat);
  score.tracks = {std::move(track)};
  return score;
}

struct Triad {
  int root;  // pitch class
  bool minor;
};

/// Makes a song bar by bar: a bass note on the downbeat, chords on the other beats, and a melody.
class SongMaker {
 public:
  /// @param beats     per bar
  /// @param tempo     beats per minute
  /// @param offset    ticks before the first beat
  explicit SongMaker(int beats, double tempo = 120, std::int64_t offset = 0) : beats_(beats), at_(offset) {
    score_.tempo = TempoMap(ticks_a_beat, {{0, static_cast<std::uint32_t>(60e6 / tempo + 0.5)}});
    score_.tracks = {{.name = "MELODY", .channel = 0}, {.name = "PIANO", .channel = 1}};
  }

  /// @param tune  pitches of equal length that fill the bar; 0 is a rest
  SongMaker& bar(Triad chord, const std::vector<int>& tune) {
    const int third = chord.root + (chord.minor ? 3 : 4), fifth = chord.root + 7;
    note(1, 0, beats_ * ticks_a_beat - 20, 36 + chord.root, 90);
    for (int beat = 1; beat < beats_; ++beat)
      for (const int pitch : {chord.root, third, fifth})
        note(1, beat * ticks_a_beat, beat * ticks_a_beat + 400, 48 + pitch, 60);
    const int step = beats_ * ticks_a_beat / static_cast<int>(std::max<std::size_t>(tune.size(), 1));
    for (std::size_t i = 0; i < tune.size(); ++i)
      if (tune[i] > 0) note(0, static_cast<int>(i) * step, (static_cast<int>(i) + 1) * step - 10, tune[i], 80);
    at_ += beats_ * ticks_a_beat;
    return *this;
  }

  Score score() const {
    Score sorted = score_;
    for (Track& track : sorted.tracks) std::sort(track.notes.begin(), track.notes.end(), by_onset);
    return sorted;
  }

 private:
  void note(std::size_t track, int start, int end, int pitch, int velocity) {
    score_.tracks[track].notes.push_back(
        {at_ + start, at_ + end, static_cast<std::uint8_t>(pitch), static_cast<std::uint8_t>(velocity)});
  }

  int beats_;
  std::int64_t at_;
  Score score_;
};

/// A waltz in E flat minor, 16 bars of i iv V i, ...
inline Score waltz(double tempo = 96, std::int64_t offset = ticks_a_beat / 2, int bars = 16) {
  SongMaker song(3, tempo, offset);
  for (int i = 0; i < bars; ++i) {
    constexpr std::array<Triad, 4> chords{{{3, true}, {8, true}, {10, false}, {3, true}}};
    constexpr std::array<std::array<int, 3>, 4> tunes{{{75, 77, 78}, {80, 78, 77}, {77, 74, 70}, {75, 70, 66}}};
    const auto k = static_cast<std::size_t>(i % 4);
    song.bar(chords[k], {tunes[k].begin(), tunes[k].end()});
  }
  return song.score();
}

/// Verse and chorus in C major: A8 B8 A8 B8, with four bars without melody before and after.
inline Score song_with_chorus() {
  SongMaker song(4, 100);
  constexpr Triad C{0, false}, F{5, false}, G{7, false}, Am{9, true};
  const auto silent_bars = [&] {
    for (const Triad chord : {C, F, G, C}) song.bar(chord, {});
  };
  const auto verse = [&] {
    for (int half = 0; half < 2; ++half) {
      song.bar(C, {64, 0, 64, 65, 67, 0, 64, 0}).bar(Am, {69, 67, 64, 0, 60, 62, 64, 0});
      song.bar(F, {65, 64, 62, 60, 65, 0, 69, 0})
          .bar(half == 0 ? G : C, half == 0 ? std::vector{67, 0} : std::vector{60, 0});
    }
  };
  const auto chorus = [&] {
    for (int half = 0; half < 2; ++half) {
      song.bar(F, {77, 76, 72, 0}).bar(G, {74, 79, 77, 0}).bar(Am, {76, 72, 69, 72});
      song.bar(half == 0 ? G : C, half == 0 ? std::vector{74, 0} : std::vector{72, 0});
    }
  };
  silent_bars();
  verse(), chorus(), verse(), chorus();
  silent_bars();
  return song.score();
}

/// With all notes transposed.
inline Score transposed(Score score, int semitones) {
  for (Track& track : score.tracks)
    for (TickNote& note : track.notes) note.pitch = static_cast<std::uint8_t>(note.pitch + semitones);
  return score;
}

inline Score shifted(Score score, std::int64_t ticks) {
  for (Track& track : score.tracks)
    for (TickNote& note : track.notes) note.start += ticks, note.end += ticks;
  return score;
}

}  // namespace musicgen::test
