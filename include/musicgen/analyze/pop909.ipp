// Definitions of pop909.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "../core/error.hpp"
#include "../core/files.hpp"
#include "../core/text.hpp"
#include "pop909.hpp"
#include "pop909_alignment.hpp"
#include "pop909_files.hpp"
#include "spans.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// Beats and bars.
inline Analysis read_pop909_beats(const std::filesystem::path& file, const Score& score) {
  Analysis analysis;
  std::array<std::vector<bool>, 2> marks;  // the second and third column
  const FieldTable table(file);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const Seconds time = table.time(row, 0);
    if (row > 0 && time <= analysis.beats.back().time) throw table.fault(row, "is not after the line before it");
    analysis.beats.push_back({.time = time, .tick = score.tempo.tick(time.count())});
    for (std::size_t c = 0; c < 2; ++c) marks[c].push_back(table.number(row, c + 1) != 0);
  }
  if (analysis.beats.empty()) throw file_error(file, "has no beats");

  const auto usual_gap = [](const std::vector<bool>& marked) {
    std::array<int, 16> counts{};
    std::size_t last = marked.size();
    for (std::size_t i = 0; i < marked.size(); ++i) {
      if (!marked[i]) continue;
      if (last < i && i - last < counts.size()) ++counts[i - last];
      last = i;
    }
    return static_cast<int>(std::max_element(counts.begin(), counts.end()) - counts.begin());
  };
  const bool threes = usual_gap(marks[1]) == 6;
  const std::size_t n = analysis.beats.size();
  const Seconds last = n > 1 ? analysis.beats[n - 1].time - analysis.beats[n - 2].time : Seconds(0.5);
  analysis.end = analysis.beats.back().time + last;
  set_bars(analysis, marks[threes ? 0 : 1], {threes ? 3 : 4, 4});
  analysis.tempo = median_tempo(analysis);
  return analysis;
}

inline void read_pop909_chords(Analysis& analysis, const std::filesystem::path& file) {
  const FieldTable table(file);
  int covered = 0;
  const auto append = [&](int first, int end, ChordSpan chord) {
    static_cast<BeatSpan&>(chord) = beat_span(analysis, first, end);
    append_span(analysis.chords, chord);
    covered = end;
  };
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const int first = std::max(covered, nearest_beat(analysis, table.time(row, 0)));
    const int end = nearest_beat(analysis, table.time(row, 1));
    if (end <= first) continue;
    const auto chord = parse_chord(table.text(row, 2));
    if (!chord) throw table.fault(row, "has no chord");
    append(covered, first, {});
    append(first, end, *chord);
  }
  append(covered, static_cast<int>(analysis.beats.size()), {});
}

/// The keys of key_audio.txt, which has times, corrected by analyzed_key.txt, which does not.
inline void read_pop909_keys(Analysis& analysis, const Pop909Folders& folders) {
  struct Timed {
    Seconds end;
    KeySpan key;
  };
  std::vector<Timed> keys;
  const FieldTable timed(folders.music / "key_audio.txt", FieldTable::optional);
  for (std::size_t row = 0; row < timed.rows(); ++row) {
    const auto key = parse_key_label(timed.text(row, 2));
    if (!key) throw timed.fault(row, "has no key");
    keys.push_back({timed.time(row, 1), *key});
  }
  std::vector<KeySpan> corrected;
  if (!folders.structure.empty()) {
    const FieldTable table(folders.structure / "analyzed_key.txt", FieldTable::optional);
    for (std::size_t row = 0; row < table.rows(); ++row)
      if (const auto key = parse_key_label(table.text(row, 0))) corrected.push_back(*key);
  }
  const auto same = [](const Timed& t, const KeySpan& k) { return t.key.tonic == k.tonic && t.key.minor == k.minor; };
  if (corrected.size() == keys.size()) {
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i].key = corrected[i];
  } else if (corrected.size() == 1 &&
             std::none_of(keys.begin(), keys.end(), [&](const Timed& t) { return same(t, corrected[0]); })) {
    keys = {{analysis.end, corrected[0]}};
  }
  int first = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const int bar = nearest_bar(analysis, nearest_beat(analysis, keys[i].end));
    const bool last = i + 1 == keys.size() || bar >= std::ssize(analysis.bars);
    const int end =
        last ? static_cast<int>(analysis.beats.size()) : analysis.bars[static_cast<std::size_t>(bar)].first_beat;
    static_cast<BeatSpan&>(keys[i].key) = beat_span(analysis, first, std::max(first, end));
    append_span(analysis.keys, keys[i].key);
    first = std::max(first, end);
  }
}

/// Bars begin where those of the structural annotations do. Where two of these are further apart, and before and after
/// them, bars of the metre fill the space.
inline void set_structure_bars(Analysis& analysis, const StructureAlignment& aligned) {
  const int beats = analysis.meter.beats, count = static_cast<int>(analysis.beats.size());
  std::vector<bool> downbeat(analysis.beats.size());
  int last = aligned.beat(0);
  for (int beat = last % beats; beat < std::min(last, count); beat += beats)
    downbeat[static_cast<std::size_t>(beat)] = true;
  for (int bar = 1; last < count; ++bar) {
    const int next = bar * beats < aligned.size() ? aligned.beat(bar * beats) : count;
    for (; last < std::min(next, count); last += beats) downbeat[static_cast<std::size_t>(last)] = true;
    last = next;
  }
  set_bars(analysis, downbeat, analysis.meter);
}

inline void read_pop909_phrases(Analysis& analysis, const StructureAlignment& aligned,
                                const std::vector<PhraseLabel>& labels) {
  const int count = static_cast<int>(analysis.beats.size());
  int bars = 0, covered = 0;
  const auto append = [&](int end, char letter) {
    PhraseSpan phrase{beat_span(analysis, covered, end)};
    phrase.letter = letter;
    phrase.melody = letter >= 'A' && letter <= 'Z';
    phrase.first_bar = nearest_bar(analysis, covered);
    phrase.end_bar = nearest_bar(analysis, end);
    if (end > covered) analysis.phrases.push_back(phrase);
    covered = std::max(covered, end);
  };
  const int begin = std::min(aligned.beat(0), count);
  if (begin >= analysis.meter.beats && labels[0].letter != 'i') append(begin, 'i');
  for (const PhraseLabel& label : labels) {
    bars += label.bars;
    append(std::min(aligned.beat(bars * analysis.meter.beats), count), label.letter);
  }
  if (analysis.phrases.empty()) return;
  if (count - covered >= analysis.meter.beats && analysis.phrases.back().letter != 'o') return append(count, 'o');
  PhraseSpan& last = analysis.phrases.back();
  last.end = analysis.end;
  last.end_beat = count;
  last.end_bar = static_cast<int>(analysis.bars.size());
}

}  // namespace detail

MUSICGEN_INLINE std::optional<Pop909Folders> find_pop909_annotations(const std::filesystem::path& root,
                                                                     std::string_view song) {
  std::error_code ignored;
  Pop909Folders folders;
  for (const auto& folder : {root / "POP909" / song, root / song})
    if (folders.music.empty() && std::filesystem::exists(folder / "beat_midi.txt", ignored)) folders.music = folder;
  if (folders.music.empty()) return std::nullopt;
  for (const auto& folder : {root / "structure" / "POP909" / song, root / "structure" / song, folders.music})
    if (folders.structure.empty() && std::filesystem::exists(folder / "human_label1.txt", ignored))
      folders.structure = folder;
  return folders;
}

MUSICGEN_INLINE Analysis read_pop909_annotations(const Pop909Folders& folders, const Score& score, Pop909Bars bars) {
  Analysis analysis = detail::read_pop909_beats(folders.music / "beat_midi.txt", score);
  detail::read_pop909_chords(analysis, folders.music / "chord_midi.txt");
  if (folders.structure.empty()) {
    detail::read_pop909_keys(analysis, folders);
    return analysis;
  }
  const detail::StructureAlignment aligned(analysis, folders.structure, score);
  if (bars == Pop909Bars::structure && aligned.size() > 0) detail::set_structure_bars(analysis, aligned);
  detail::read_pop909_keys(analysis, folders);
  const auto labels = detail::read_phrase_labels(folders.structure / "human_label1.txt");
  if (!labels.empty()) detail::read_pop909_phrases(analysis, aligned, labels);
  return analysis;
}

}  // namespace musicgen::inline MUSICGEN_ABI
