// Internal: finds where the bars of the structural annotations lie in the song. They count from some bar of their own,
// and in half of the songs some beats have been left out or added. So the beats of both are aligned as sequences
// (Needleman and Wunsch 1970), by the melody's sixteenths and the chord.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "analysis.hpp"
#include "pop909_files.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

class StructureAlignment {
 public:
  /// @param analysis  beats and chords of the song
  /// @param folder    melody.txt, finalized_chord.txt
  /// @throws Error  for an invalid line
  StructureAlignment(const Analysis& analysis, const std::filesystem::path& folder, const Score& score) {
    align(annotated_beats(folder), song_beats(analysis, score));
  }

  int size() const { return static_cast<int>(beats_.size()); }  ///< annotated beats

  /// The beat of the song where a beat of the annotations begins; beats beyond the last are extrapolated.
  int beat(int annotated) const {
    if (beats_.empty()) return annotated;
    const int last = static_cast<int>(beats_.size()) - 1;
    return beats_[static_cast<std::size_t>(std::min(annotated, last))] + std::max(0, annotated - last);
  }

 private:
  /// What sounds in a beat.
  struct Sound {
    std::array<int, 4> melody{};  // pitches of its sixteenths, 0: rest
    int root = -1;                // of the chord
  };

  static std::vector<Sound> annotated_beats(const std::filesystem::path& folder) {
    std::vector<Sound> sounds;
    const FieldTable chords(folder / "finalized_chord.txt", FieldTable::optional);
    for (std::size_t row = 0; row < chords.rows(); ++row) {
      const std::string name = chords.text(row, 0);
      std::string_view text = name;
      const int root = take_pitch_class(text).value_or(-1);
      sounds.insert(sounds.end(), static_cast<std::size_t>(chords.last_count(row)), Sound{{}, root});
      if (sounds.size() > most_beats) throw chords.fault(row, "is beyond any song");
    }
    const FieldTable melody(folder / "melody.txt", FieldTable::optional);
    std::size_t sixteenth = 0;
    for (std::size_t row = 0; row < melody.rows(); ++row) {
      const int pitch = static_cast<int>(melody.number(row, 0, 0, 127));
      const int length = melody.last_count(row);
      for (int k = 0; k < length && sixteenth / 4 < sounds.size(); ++k, ++sixteenth)
        sounds[sixteenth / 4].melody[sixteenth % 4] = pitch;
    }
    return sounds;
  }

  static std::vector<Sound> song_beats(const Analysis& analysis, const Score& score) {
    std::vector<Sound> sounds(std::min(analysis.beats.size(), most_beats));
    for (const ChordSpan& chord : analysis.chords)
      for (int i = chord.first_beat; i < chord.end_beat && i < std::ssize(sounds); ++i)
        if (chord.quality != ChordQuality::none) sounds[static_cast<std::size_t>(i)].root = chord.root;
    std::size_t beat = 0;
    for (const Note& note : score.notes()) {
      if (note.track != 0) continue;
      const auto sixteenth_of = [&](double second) {
        while (beat > 0 && analysis.beats[beat].time.count() > second) --beat;
        while (beat + 1 < sounds.size() && analysis.beats[beat + 1].time.count() <= second) ++beat;
        const double from = analysis.beats[beat].time.count();
        const double to = analysis.beat_time(static_cast<int>(beat) + 1).count();
        return std::lround(4 * (static_cast<double>(beat) + std::clamp((second - from) / (to - from), 0.0, 1.0)));
      };
      const long end = std::max(sixteenth_of(note.start) + 1, sixteenth_of(note.end));
      for (long k = sixteenth_of(note.start); k < end && k / 4 < std::ssize(sounds); ++k)
        sounds[static_cast<std::size_t>(k / 4)].melody[static_cast<std::size_t>(k % 4)] = note.pitch;
    }
    return sounds;
  }

  static float alikeness(const Sound& a, const Sound& b) {
    float sum = 0;
    for (std::size_t k = 0; k < 4; ++k)
      if (a.melody[k] == b.melody[k]) sum += a.melody[k] == 0 ? 0.1f : 1.0f;
    return sum + (a.root == b.root && a.root >= 0 ? 1.0f : 0.0f);
  }

  void align(const std::vector<Sound>& annotated, const std::vector<Sound>& song) {
    // best[i][j]: the best score of the first i annotated beats and the first j of the song. Skipping beats at the
    // song's beginning and end is free; any other gap has a cost.
    constexpr float gap = 2;
    const std::size_t n = annotated.size(), m = song.size(), width = m + 1;
    std::vector<float> best((n + 1) * width, 0.0f);
    for (std::size_t i = 1; i <= n; ++i) {
      best[i * width] = best[(i - 1) * width] - gap;
      for (std::size_t j = 1; j <= m; ++j) {
        const float left_out = i == n ? 0 : gap;
        best[i * width + j] = std::max({best[(i - 1) * width + j - 1] + alikeness(annotated[i - 1], song[j - 1]),
                                        best[(i - 1) * width + j] - gap, best[i * width + j - 1] - left_out});
      }
    }
    beats_.assign(n, 0);
    for (std::size_t i = n, j = m; i > 0;) {
      const float here = best[i * width + j];
      if (j > 0 && here == best[i * width + j - 1] - (i == n ? 0 : gap)) {
        --j;
      } else if (j > 0 && here == best[(i - 1) * width + j - 1] + alikeness(annotated[i - 1], song[j - 1])) {
        beats_[--i] = static_cast<int>(--j);
      } else {
        beats_[--i] = static_cast<int>(j);
      }
    }
  }

  static constexpr std::size_t most_beats = 5000;

  std::vector<int> beats_;  // the song's beat for each annotated one
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
