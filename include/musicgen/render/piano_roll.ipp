// Definitions of piano_roll.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>

#include "../core/error.hpp"
#include "piano_roll.hpp"
#include "roll_analysis.hpp"
#include "roll_layout.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// The color of a note: that of its track, paler if it is soft.
inline Color roll_color(int track, int velocity) {
  constexpr Color tracks[] = {{214, 69, 65},  {30, 132, 73},  {31, 97, 184}, {202, 111, 30},
                              {125, 60, 152}, {17, 140, 140}, {166, 124, 0}, {120, 66, 40}};
  return mix(tracks[static_cast<std::size_t>(track) % std::size(tracks)], roll_background,
             0.3 + 0.7 * velocity / 127.0);
}

inline void draw_pitches(Canvas& canvas, const RollLayout& layout) {
  for (int pitch = layout.lowest; pitch <= layout.highest; ++pitch) {
    constexpr std::array black{false, true, false, true, false, false, true, false, true, false, true, false};
    const double y = layout.row_top(pitch), below = y + layout.row_height();
    if (black[static_cast<std::size_t>(pitch % 12)])
      canvas.rectangle(layout.left, y, layout.right, below, roll_black_keys);
  }
  for (int pitch = (layout.lowest + 11) / 12 * 12; pitch <= layout.highest; pitch += 12) {
    const double below = std::round(layout.row_top(pitch) + layout.row_height());
    canvas.rectangle(layout.left, below - 1, layout.right, below, roll_grid);
    const std::string name = "C" + std::to_string(pitch / 12 - 1);
    const double middle = layout.row_top(pitch) + layout.row_height() / 2;
    canvas.text(layout.left - 12 - Canvas::text_width(10, name), middle + 5, 10, name, roll_faint_ink);
  }
}

inline void draw_seconds(Canvas& canvas, const RollLayout& layout) {
  const double pixels_per_second = (layout.right - layout.left) / layout.seconds;
  double tick = 1;
  for (const double factor : {2.0, 2.5, 2.0, 1.5, 2.0, 2.0, 2.0, 2.5, 2.0, 3.0, 2.0})  // 2, 5, 10, 15, 30, 60, 120, ..
    if (tick * pixels_per_second < 64) tick *= factor;
  while (tick * pixels_per_second < 64) tick *= 2;
  for (int i = 0; i * tick <= layout.seconds; ++i) {
    const double second = i * tick, x = std::round(layout.x(second));
    canvas.rectangle(x, layout.top, x + 1, layout.bottom + 5, roll_grid);
    const auto whole = std::llround(second);
    const std::string rest = std::to_string(whole % 60);
    const std::string label = layout.seconds <= 150
                                  ? std::to_string(whole) + " s"
                                  : std::to_string(whole / 60) + ":" + (rest.size() < 2 ? "0" : "") + rest;
    const double width = Canvas::text_width(10, label);
    canvas.text(std::min(x - width / 2, canvas.width() - 6 - width), layout.bottom + 21, 10, label, roll_faint_ink);
  }
}

struct LegendEntry {
  std::string name;
  int color;
};

/// The tracks that have notes.
inline std::vector<LegendEntry> legend_of(const PianoRollSong& song) {
  std::vector<LegendEntry> entries;
  for (const Track& track : song.score.tracks) {
    if (!track.is_melodic()) continue;
    const int color = song.color(entries.size());
    entries.push_back({track.name.empty() ? "track " + std::to_string(color + 1) : track.name, color});
  }
  return entries;
}

/// Names the tracks in one line that ends at the right margin, with a scale from soft to loud if there is room.
inline void draw_legend(Canvas& canvas, const RollLayout& layout, const std::vector<LegendEntry>& entries,
                        double first_x) {
  constexpr double swatch = 14, gap = 6, between = 20, size = 10, scale_width = 60;
  const double y = layout.top - 16;
  double width = 0;
  for (const LegendEntry& entry : entries) width += swatch + gap + Canvas::text_width(size, entry.name) + between;
  const double scale = Canvas::text_width(size, "soft") + scale_width + 2 * gap + Canvas::text_width(size, "loud");
  const bool has_scale = first_x + width + scale < layout.right;
  double x = std::max(first_x, layout.right - width + between - (has_scale ? scale + between : 0));
  for (const LegendEntry& entry : entries) {
    canvas.rectangle(x, y - 10.5, x + swatch, y + 0.5, roll_color(entry.color, 100), 3);
    canvas.text(x + swatch + gap, y, size, entry.name, roll_ink);
    x += swatch + gap + Canvas::text_width(size, entry.name) + between;
  }
  if (!has_scale || entries.empty()) return;
  canvas.text(x, y, size, "soft", roll_faint_ink);
  x += Canvas::text_width(size, "soft") + gap;
  constexpr int shades = 6;
  for (int i = 0; i < shades; ++i) {
    const Color shade = mix(roll_ink, roll_background, 0.15 + 0.8 * i / (shades - 1));
    canvas.rectangle(x + i * scale_width / shades, y - 10, x + (i + 1) * scale_width / shades, y, shade);
  }
  canvas.text(x + scale_width + gap, y, size, "loud", roll_faint_ink);
}

inline void draw_mark(Canvas& canvas, const RollLayout& layout, double second, const std::string& label) {
  const double x = std::round(layout.x(second)) + 0.5;
  for (double y = layout.top; y < layout.bottom; y += 9)
    canvas.line(x, y + 1, x, std::min(y + 5, layout.bottom), 1.6, roll_ink);
  if (label.empty()) return;
  const double width = Canvas::text_width(10, label);
  const double text_x = x + 8 + width < layout.right ? x + 8 : x - 8 - width;
  canvas.rectangle(text_x - 4, layout.top + 3, text_x + width + 4, layout.top + 22, roll_background, 4);
  canvas.text(text_x, layout.top + 18, 10, label, roll_ink);
}

/// The notes that are drawn.
inline std::vector<Note> drawn_notes(const PianoRollSong& song, double limit) {
  std::vector<Note> notes = song.score.notes();
  for (Note& n : notes) {
    n.start += song.offset.count();
    n.end += song.offset.count();
    n.track = song.color(static_cast<std::size_t>(n.track));
  }
  const auto unseen = [&](const Note& n) { return n.end <= 0 || (limit > 0 && n.start >= limit); };
  notes.erase(std::remove_if(notes.begin(), notes.end(), unseen), notes.end());
  // The first track, usually the melody, is on top.
  std::stable_sort(notes.begin(), notes.end(), [](const Note& a, const Note& b) { return a.track > b.track; });
  return notes;
}

inline void draw_notes(Canvas& canvas, const RollLayout& layout, const std::vector<Note>& notes) {
  for (const Note& n : notes) {
    const double x = layout.x(n.start), y = layout.row_top(n.pitch), height = layout.row_height();
    const double right = std::max(x + 1.5, layout.x(n.end) - 0.5), inset = height > 5 ? 0.5 : 0.0;
    canvas.rectangle(x, y + inset, right, y + height - inset, roll_color(n.track, n.velocity), 2);
  }
}

inline void require_size(const PianoRollOptions& options, std::size_t songs) {
  const int most = 20000, least = 200 * static_cast<int>(std::min<std::size_t>(std::max<std::size_t>(songs, 1), 101));
  if (options.width < 320 || options.height < least || options.width > most || options.height > most)
    throw Error("piano roll: " + std::to_string(options.width) + " x " + std::to_string(options.height) +
                " pixels are not between 320 x " + std::to_string(least) + " and 20000 x 20000");
}

}  // namespace detail

inline Canvas draw_piano_rolls(std::span<const PianoRollSong> songs, const PianoRollOptions& options) {
  detail::require_size(options, songs.size());
  std::vector<std::vector<Note>> notes;
  std::vector<Note> all;
  for (const PianoRollSong& song : songs) {
    notes.push_back(detail::drawn_notes(song, options.length.count()));
    all.insert(all.end(), notes.back().begin(), notes.back().end());
  }
  const detail::RollLayout axes(all, options.width, options.length.count());
  const double header = options.title.empty() ? 48 : 62, axis = 34;
  const double height = (options.height - header) / static_cast<double>(std::max<std::size_t>(songs.size(), 1));
  Canvas canvas(options.width, options.height, detail::roll_background);
  for (std::size_t i = 0; i < songs.size(); ++i) {
    const double top = std::round(header + height * static_cast<double>(i)), label = songs[i].label.empty() ? 0 : 20;
    const double strips = songs[i].analysis ? detail::roll_strips : 0;
    const auto layout = axes.between(top + label + strips, std::round(top + height) - axis);
    canvas.text(layout.left, top + 11, 10, songs[i].label, detail::roll_ink);
    detail::draw_pitches(canvas, layout);
    detail::draw_seconds(canvas, layout);
    if (songs[i].analysis) detail::draw_analysis(canvas, layout, *songs[i].analysis, songs[i].offset.count());
    detail::draw_notes(canvas, layout, notes[i]);
    if (options.mark) detail::draw_mark(canvas, layout, options.mark->count(), i == 0 ? options.mark_label : "");
  }
  const auto top = axes.between(header, options.height);
  canvas.text(top.left, header - 18, 15, options.title, detail::roll_ink, 2.1);
  const double title_width = options.title.empty() ? 0 : Canvas::text_width(15, options.title) + 30;
  if (!songs.empty()) detail::draw_legend(canvas, top, detail::legend_of(songs[0]), top.left + title_width);
  return canvas;
}

inline Canvas draw_piano_roll(const Score& score, const PianoRollOptions& options) {
  const PianoRollSong song{.score = score, .label = "", .analysis = options.analysis};
  return draw_piano_rolls(std::span(&song, 1), options);
}

inline void write_piano_roll(const std::filesystem::path& file, const Score& score, const PianoRollOptions& options) {
  draw_piano_roll(score, options).write_png(file);
}

}  // namespace musicgen::inline MUSICGEN_ABI
