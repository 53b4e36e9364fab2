// Internal: bars, chords and phrases of a piano roll: lines at bars, and two strips above the notes.
#pragma once

#include <cmath>
#include <cstddef>
#include <iterator>
#include <string>

#include "../analyze/analysis.hpp"
#include "../core/config.hpp"
#include "canvas.hpp"
#include "roll_layout.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

inline constexpr Color roll_bar{196, 202, 210};
inline constexpr double roll_strip = 16,
                        roll_strips = 2 * roll_strip + 4;  // pixels: the height of one strip, and of both

/// Draws a text between two places if it fits.
inline void draw_if_it_fits(Canvas& canvas, double left, double right, double base, const std::string& text,
                            Color color) {
  if (Canvas::text_width(9, text) + 4 <= right - left) canvas.text(left + 3, base, 9, text, color);
}

/// "Ebm": chords as on lead sheets.
inline std::string short_name(const ChordSpan& chord) {
  if (chord.quality == ChordQuality::none) return "";
  constexpr const char* endings[] = {"", "", "m", "dim", "aug", "sus2", "sus4"};
  return std::string(pitch_class_name(chord.root)) + endings[static_cast<std::size_t>(chord.quality)];
}

/// @param offset  seconds by which the song is moved to the right
inline void draw_analysis(Canvas& canvas, const RollLayout& layout, const Analysis& analysis, double offset) {
  const auto x = [&](Seconds time) { return std::round(layout.x(time.count() + offset)); };
  const auto seen = [&](const BeatSpan& span) { return x(span.end) > x(span.start); };
  const double phrases = layout.top - roll_strips, chords = phrases + roll_strip + 2;

  double last = -10;
  for (const Bar& bar : analysis.bars) {
    const Seconds time = analysis.beat_time(bar.first_beat);
    const double line = x(time);
    if (analysis.beats[static_cast<std::size_t>(bar.first_beat)].place != 0 || line < last + 4) continue;
    if (time.count() + offset >= 0 && time.count() + offset <= layout.seconds)
      canvas.rectangle(line, layout.top, line + 1, layout.bottom, roll_bar);
    last = line;
  }
  for (const PhraseSpan& phrase : analysis.phrases) {
    if (!seen(phrase)) continue;
    // One color per letter, paler if there is no melody.
    constexpr Color colors[] = {{147, 176, 220}, {236, 178, 140}, {152, 204, 160}, {214, 164, 208},
                                {222, 204, 128}, {140, 206, 206}, {228, 156, 162}};
    const int letter = phrase.letter >= 'a' ? phrase.letter - 'a' : phrase.letter - 'A';
    const Color color =
        mix(colors[static_cast<std::size_t>(letter) % std::size(colors)], roll_background, phrase.melody ? 1.0 : 0.5);
    canvas.rectangle(x(phrase.start), phrases, x(phrase.end) - 1, phrases + roll_strip, color);
    draw_if_it_fits(canvas, x(phrase.start), x(phrase.end), phrases + 12,
                    phrase.label() + std::to_string(phrase.bars()), roll_ink);
    canvas.rectangle(x(phrase.start), layout.top, x(phrase.start) + 1, layout.bottom, roll_faint_ink);
  }
  for (const ChordSpan& chord : analysis.chords) {
    if (!seen(chord) || chord.quality == ChordQuality::none) continue;
    canvas.rectangle(x(chord.start), chords, x(chord.end) - 1, chords + roll_strip, roll_black_keys);
    draw_if_it_fits(canvas, x(chord.start), x(chord.end), chords + 12, short_name(chord), roll_ink);
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
