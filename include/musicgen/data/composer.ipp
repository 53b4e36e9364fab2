// Definitions of composer.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "../core/config.hpp"
#include "../core/random.hpp"
#include "../midi/score.hpp"
#include "composer.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail::composer {

inline constexpr int steps_per_bar = 16, ticks_per_step = 120, ticks_per_quarter = 480;

enum Voice : std::size_t { melody, bridge, piano };

// --- Taste

inline constexpr std::string_view forms[] = {"IABO",   "IABAO",  "IABBO",  "AABA",    "ABAB",    "IAABO",
                                             "IABABO", "IAABBO", "IABCBO", "IAABCBO", "IABABBO", "IABABCBO"};

// One chord per bar, by the scale step of its root.
using Progression = std::array<int, 4>;
inline constexpr Progression major_progressions[] = {{0, 4, 5, 3}, {5, 3, 0, 4}, {0, 5, 3, 4}, {3, 4, 2, 5},
                                                     {0, 2, 3, 4}, {0, 3, 5, 4}, {3, 0, 4, 5}, {1, 4, 0, 5}};
inline constexpr Progression minor_progressions[] = {{0, 5, 2, 6}, {0, 3, 5, 4}, {5, 6, 0, 0}, {0, 6, 5, 4},
                                                     {0, 2, 6, 3}, {0, 5, 3, 4}, {5, 2, 6, 0}, {3, 6, 2, 5}};

// A bar in sixteenths: '.' is silence, '-' sustains, anything else begins a note.
using Pattern = std::string_view;
inline constexpr Pattern cadences[] = {"x---x---x-------", "x-x-x---x-------", "x---x-x-x-------", "x-----x-x-------"};
inline constexpr Pattern answers = "........x-x-x-x-";
// Which of two motifs the first three bars of a phrase use; the fourth is a cadence.
inline constexpr std::string_view phrases[] = {"aab", "aba", "abb", "aaa"};
// Moves of a tune from note to note, in scale steps.
inline constexpr int moves[] = {1, -1, 1, -1, 1, -1, 0, 2, -2, 3};

// What the bridge track does: the chorus's tune, long notes under the tune, or answers to its phrases.
enum class Part { tune, hold, answer };

struct Section {
  char letter, material;       // intro and outro have the chorus's material
  int bars, loudness, center;  // `center`: where the tune lies, in scale steps above middle C
  Part bridge;
  std::array<Pattern, 4> rhythms;      // of the tune
  std::array<Pattern, 3> left, right;  // hands: b root, f fifth, o octave; c chord, 0..3 its notes from the bottom

  bool is_sung() const { return !rhythms[0].empty(); }
};

// clang-format off
inline constexpr Section sections[] = {
    {'I', 'B', 4, 60, 7, Part::tune, {},
     {"b---------------", "b-------f-------", "b-------o-------"},
     {"0-1-2-1-0-1-2-1-", "c-------c-------", "....c-------c---"}},
    {'A', 'A', 8, 68, 7, Part::answer,
     {"x---x---x-x-x---", "x--x--x-x---x-x-", "..x-x-x-x---x---", "x-x-x---x-----x-"},
     {"b-------f-------", "b-----b-f-------", "b---f---o---f---"},
     {"....c-------c---", "0-1-2-1-3-1-2-1-", "c-------c-----c-"}},
    {'B', 'B', 8, 84, 9, Part::hold,
     {"x-----x-x---x---", "x---x---x--x--x-", "x--x--x-----x-x-", "x-x-x-x-x---x---"},
     {"b---b---b---b---", "b-----f-o-----f-", "b--b--b-b-----f-"},
     {"c---c---c---c---", "c--c--c-c--c--c-", "..c---c---c---c-"}},
    {'C', 'C', 8, 74, 5, Part::hold,
     {"x-------x-------", "x-------x---x---", "x---x-------x---", "x-----------x---"},
     {"b---------------", "b-------o-------", "b---f---o-------"},
     {"0-1-2-3-2-1-0-1-", "c---------------", "0---1---2---3---"}},
    {'O', 'B', 4, 62, 7, Part::tune, {},
     {"b---------------", "b-------f-------", "b-------o-------"},
     {"c-------c-------", "0-1-2-1-0-1-2-1-", "c---------------"}}};
// clang-format on

inline constexpr int accents[steps_per_bar] = {10, -8, -3, -8, 0, -8, -3, -8, 6, -8, -3, -8, 0, -8, -3, -8};

// --- Harmony

/// Pitches of a key: `degree` counts scale steps above the tonic near middle C; chords are numbered by the step of
/// their root.
struct Key {
  int tonic = 0;  // semitones from C
  bool minor = false;

  int pitch(int degree, int chord) const {
    constexpr int scales[2][7] = {{0, 2, 4, 5, 7, 9, 11}, {0, 2, 3, 5, 7, 8, 10}};
    const int step = (degree % 7 + 7) % 7, octave = (degree - step) / 7;
    const bool leading_note = minor && chord == 4 && step == 6;  // the dominant is major in minor keys too
    return 60 + tonic + 12 * octave + scales[minor][step] + leading_note;
  }
};

inline bool in_chord(int degree, int chord) {
  const int above = ((degree - chord) % 7 + 7) % 7;
  return above == 0 || above == 2 || above == 4;
}

inline int nearest_in_chord(int degree, int chord) {
  for (int away = 0;; ++away)
    for (int candidate : {degree - away, degree + away})
      if (in_chord(candidate, chord)) return candidate;
}

// --- Material

struct TuneNote {
  int step, length, degree;  // step: sixteenths from the start of the section
};

template <typename Function>  // function(step, length, letter) for every note
void for_each_onset(Pattern pattern, Function function) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '.' || pattern[i] == '-') continue;
    const std::size_t end = std::min(pattern.find_first_not_of('-', i + 1), pattern.size());
    function(static_cast<int>(i), static_cast<int>(end - i), pattern[i]);
  }
}

template <typename Table>
const auto& pick(Random& random, const Table& table) {
  return std::data(table)[random.below(std::size(table))];
}

struct Motif {
  Pattern rhythm;
  std::array<int, steps_per_bar> moves{};

  Motif(Random& random, Pattern pattern) : rhythm(pattern) {
    for (std::size_t i = 0; i < moves.size(); ++i) {
      moves[i] = pick(random, composer::moves);
      // A leap is answered by a step back.
      if (i > 0 && std::abs(moves[i - 1]) > 1) moves[i] = moves[i - 1] > 0 ? -1 : 1;
    }
  }
};

/// Writes the motif into a bar over `chord`, starting from the chord tone nearest to `degree`, which follows the tune.
/// Long notes, and those on the first and third quarter, are chord tones.
inline void write_bar(std::vector<TuneNote>& tune, const Motif& motif, int bar, int chord, int center, int& degree) {
  std::size_t count = 0;
  for_each_onset(motif.rhythm, [&](int step, int length, char) {
    if (count > 0) degree += motif.moves[count];
    if (std::abs(degree - center) > 5) degree = center + (degree > center ? 3 : -3);
    if (count == 0 || step % 8 == 0 || length > 4) degree = nearest_in_chord(degree, chord);
    tune.push_back({bar * steps_per_bar + step, length, degree});
    ++count;
  });
}

/// What all sections of one letter share.
struct Material {
  Progression chords{};
  std::vector<TuneNote> tune;       // two phrases of four bars; the second resembles the first and ends differently
  std::size_t left = 0, right = 0;  // indices of the section's figures

  Material(Random& random, bool minor, const Section& section) {
    chords = minor ? pick(random, minor_progressions) : pick(random, major_progressions);
    left = random.below(section.left.size());
    right = random.below(section.right.size());
    const Motif a(random, pick(random, section.rhythms)), b(random, pick(random, section.rhythms));
    const std::string_view phrase = pick(random, phrases);
    const int first = section.center + random.between(-2, 2);
    for (int half = 0; half < 2; ++half) {
      int degree = first;
      for (int bar = 0; bar < 4; ++bar) {
        const Motif motif = bar == 3                                       ? Motif(random, pick(random, cadences))
                            : phrase[static_cast<std::size_t>(bar)] == 'a' ? a
                                                                           : b;
        write_bar(tune, motif, half * 4 + bar, chords[static_cast<std::size_t>(bar)], section.center, degree);
      }
    }
  }
};

// --- Performance

/// Turns steps into ticks, with human timing and touch if asked for.
class Performer {
 public:
  Performer(std::uint64_t seed, int tempo, bool human)
      : seed_(seed), ticks_per_second_(ticks_per_quarter * tempo / 60.0), human_(human), tracks_(3) {
    constexpr const char* names[] = {"MELODY", "BRIDGE", "PIANO"};
    for (std::size_t i = 0; i < tracks_.size(); ++i) {
      tracks_[i].name = names[i];
      tracks_[i].channel = static_cast<int>(i);
    }
  }

  void play(Voice voice, int step, int length, int pitch, int loudness) {
    const int touch = human_ ? touch_.between(-4, 4) : 0;
    const int velocity = std::clamp(loudness + accents[step % steps_per_bar] + touch, 20, 120);
    const std::int64_t start = tick(step), end = tick(step + length) - ticks_per_step / 6;
    tracks_[voice].notes.push_back({start, end, static_cast<std::uint8_t>(pitch), static_cast<std::uint8_t>(velocity)});
  }

  std::vector<Track> finish() {
    for (Track& track : tracks_) std::sort(track.notes.begin(), track.notes.end(), by_onset);
    return std::move(tracks_);
  }

 private:
  // All tracks are early or late together, by 8 ms at most, so that chords stay chords.
  std::int64_t tick(int step) const {
    const double late =
        human_ && step > 0 ? 0.016 * Random(seed_, static_cast<std::uint64_t>(step)).uniform() - 0.008 : 0.0;
    return step * ticks_per_step + std::llround(late * ticks_per_second_);
  }

  std::uint64_t seed_;
  double ticks_per_second_;
  bool human_;
  Random touch_{seed_, std::uint64_t{1} << 32};
  std::vector<Track> tracks_;
};

inline void play_piano(Performer& performer, Key key, Pattern left, Pattern right, int from, int chord, int loudness) {
  int root = chord;
  while (root > -9) root -= 7;  // within the octave that ends just over an octave below middle C
  for_each_onset(left, [&](int step, int length, char what) {
    const int degree = root + (what == 'f' ? 4 : what == 'o' ? 7 : 0);
    performer.play(piano, from + step, length, key.pitch(degree, chord), loudness - 2);
  });
  // Chords in the inversion around middle C, so that hands need not jump.
  std::vector<int> tones;
  for (int degree = -1; degree < 13; ++degree)
    if (in_chord(degree, chord)) tones.push_back(degree);
  for_each_onset(right, [&](int step, int length, char what) {
    const bool all = what == 'c';
    const std::size_t first = all ? 0 : static_cast<std::size_t>(what - '0'), last = all ? 3 : first + 1;
    for (std::size_t i = first; i < last; ++i)
      performer.play(piano, from + step, length, key.pitch(tones[i], chord), loudness - 8);
  });
}

inline void play_bridge(Performer& performer, Random& random, Key key, const Section& section, const Material& material,
                        int from, int loudness) {
  const auto chord_at = [&](int step) { return material.chords[static_cast<std::size_t>(step / steps_per_bar % 4)]; };
  const auto play = [&](int step, int length, int degree) {
    performer.play(bridge, from + step, length, key.pitch(degree, chord_at(step)), loudness);
  };
  const int end = section.bars * steps_per_bar;
  if (section.bridge == Part::tune) {
    for (const TuneNote& n : material.tune)
      if (n.step < end) play(n.step, n.length, n.degree);
  } else if (section.bridge == Part::hold) {
    int degree = section.center - 5;
    for (int step = 0; step < end; step += steps_per_bar)
      play(step, steps_per_bar, degree = nearest_in_chord(degree, chord_at(step)));
  } else {
    for (int bar = 3; bar < section.bars; bar += 4) {
      std::vector<TuneNote> run;
      int degree = section.center - 2;
      write_bar(run, Motif(random, answers), bar, chord_at(bar * steps_per_bar), section.center - 2, degree);
      for (const TuneNote& n : run) play(n.step, n.length, n.degree);
    }
  }
}

/// @param times  how often this letter has been heard before
inline void play_section(Performer& performer, Random& random, Key key, const Section& section,
                         const Material& material, int from, int times) {
  const int loudness = section.loudness + 3 * times;
  const auto figure = [&](const auto& table, std::size_t choice) { return table[choice % table.size()]; };
  for (int bar = 0; bar < section.bars; ++bar)
    // A second verse has a livelier right hand than the first.
    play_piano(performer, key, figure(section.left, material.left),
               figure(section.right, material.right + static_cast<std::size_t>(times)), from + bar * steps_per_bar,
               material.chords[static_cast<std::size_t>(bar % 4)], loudness);
  play_bridge(performer, random, key, section, material, from, loudness - 4);
  if (!section.is_sung()) return;
  for (const TuneNote& n : material.tune) {
    const int chord = material.chords[static_cast<std::size_t>(n.step / steps_per_bar % 4)];
    // When the tune returns, some of its long notes are struck again.
    const bool again = times > 0 && n.length == 4 && random.below(3) == 0;
    for (int part = 0; part < (again ? 2 : 1); ++part)
      performer.play(melody, from + n.step + 2 * part, again ? 2 : n.length, key.pitch(n.degree, chord), loudness + 12);
  }
}

inline const Section& section_of(char letter) {
  return *std::find_if(std::begin(sections), std::end(sections), [&](auto& s) { return s.letter == letter; });
}

inline double bars_of(std::string_view form) {
  double bars = 1.4;  // the last chord, slowed down
  for (char letter : form) bars += section_of(letter).bars;
  return bars;
}

/// A form whose length is in range, else one that misses it by least.
inline std::string_view pick_form(Random& random, int tempo, const ComposerOptions& options) {
  const auto misses_by = [&](std::string_view form) {
    const double seconds = bars_of(form) * 4 * 60 / tempo;
    return std::max({options.min_seconds - seconds, seconds - options.max_seconds, 0.0});
  };
  double least = misses_by(forms[0]);
  for (std::string_view form : forms) least = std::min(least, misses_by(form));
  std::vector<std::string_view> best;
  std::copy_if(std::begin(forms), std::end(forms), std::back_inserter(best),
               [&](auto f) { return misses_by(f) <= least; });
  return pick(random, best);
}

inline Score write_song(std::uint64_t seed, const ComposerOptions& options) {
  Random random(seed, std::uint64_t{2} << 32);
  const int tempo = random.between(options.min_tempo, options.max_tempo);
  const Key key{random.between(-5, 6), random.below(3) == 0};
  const std::string_view form = pick_form(random, tempo, options);
  const Material materials[] = {Material(random, key.minor, section_of('A')),
                                Material(random, key.minor, section_of('B')),
                                Material(random, key.minor, section_of('C'))};

  Performer performer(seed, tempo, options.human);
  std::array<int, std::size(sections)> heard{};  // how often
  int step = 0;
  for (char letter : form) {
    const Section& section = section_of(letter);
    int& times = heard[static_cast<std::size_t>(&section - sections)];
    play_section(performer, random, key, section, materials[section.material - 'A'], step, times++);
    step += section.bars * steps_per_bar;
  }
  play_piano(performer, key, "b---------------", "c---------------", step, 0, 62);
  performer.play(melody, step, steps_per_bar, key.pitch(7, 0), 70);
  performer.play(bridge, step, steps_per_bar, key.pitch(2, 0), 60);

  Score score;
  // The last two bars slow down.
  const std::uint32_t quarter = 60'000'000u / static_cast<std::uint32_t>(tempo);
  const std::int64_t bar = steps_per_bar * ticks_per_step, last = step * ticks_per_step;
  score.tempo = TempoMap(ticks_per_quarter, {{0, quarter}, {last - bar, quarter * 10 / 9}, {last, quarter * 5 / 4}});
  score.tracks = performer.finish();
  return score;
}

}  // namespace detail::composer

MUSICGEN_INLINE Score compose(std::uint64_t seed, const ComposerOptions& options) {
  if (options.min_tempo < 20 || options.max_tempo > 400 || options.min_tempo > options.max_tempo)
    throw Error("compose: the tempo must lie between 20 and 400, the least not over the greatest");
  if (!(options.min_seconds <= options.max_seconds)) throw Error("compose: min_seconds is over max_seconds");
  return detail::composer::write_song(seed, options);
}

}  // namespace musicgen::inline MUSICGEN_ABI
