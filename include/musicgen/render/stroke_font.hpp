// Internal: letters made of pen strokes: enough of ASCII for titles and labels, at any size.
//
// A glyph is a list of strokes, and a stroke is a list of points "xy" on a small grid: x from 0; y 2 on the base line,
// 6 at the height of an x, 8 at that of a capital, 0 at the foot of a p. A stroke after '~' is a curve between its end
// points with the others as control points; one after 'o' is a closed curve; any other is straight from point to point.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

struct PenPoint {
  double x, y;
};
using PenStroke = std::vector<PenPoint>;

// clang-format off
inline constexpr std::pair<char, std::string_view> pen_glyphs[] = {
    {'A', "022842 1434"}, {'B', "0802 ~082848452505 ~052545422202"}, {'C', "~464808024244"}, {'D', "0802 ~082848422202"},
    {'E', "48080242 0535"}, {'F', "480802 0535"}, {'G', "~464808024245 4525"}, {'H', "0802 4842 0545"}, {'I', "0802"},
    {'J', "~3834320204"}, {'K', "0802 480542"}, {'L', "080242"}, {'M', "0208346862"}, {'N', "02084248"},
    {'O', "o08484202"}, {'P', "0802 ~082848442404"}, {'Q', "o08484202 2341"}, {'R', "0802 ~082848442404 2442"},
    {'S', "~4648080545420204"}, {'T', "0848 2822"}, {'U', "~080402424448"}, {'V', "082248"}, {'W', "0812365268"},
    {'X', "0842 0248"}, {'Y', "082548 2522"}, {'Z', "08480242"},
    {'a', "o06464202 4642"}, {'b', "0802 o06464202"}, {'c', "~454606024243"}, {'d', "4842 o06464202"},
    {'e', "0444 ~444606024243"}, {'f', "~38181612 0636"}, {'g', "o06464202 ~46400001"}, {'h', "0802 ~0406464442"},
    {'i', "0602 0808"}, {'j', "~161000 1818"}, {'k', "0802 360432"}, {'l', "0802"}, {'m', "0602 ~0406363432 ~3436666462"},
    {'n', "0602 ~0406464442"}, {'o', "o06464202"}, {'p', "0600 o06464202"}, {'q', "4640 o06464202"}, {'r', "0602 ~040636"},
    {'s', "~4546060444420203"}, {'t', "~18141232 0636"}, {'u', "~0604024244 4642"}, {'v', "062246"}, {'w', "0612365266"},
    {'x', "0642 0246"}, {'y', "0622 4610"}, {'z', "06460242"},
    {'0', "o08484202"}, {'1', "072822"}, {'2', "~0608484602 0242"}, {'3', "~0708484515 ~1545420203"}, {'4', "32380444"},
    {'5', "480805 ~051646420203"}, {'6', "o06464202 ~47480804"}, {'7', "084812"}, {'8', "o08484505 o05454202"},
    {'9', "o08484404 ~46420203"},
    {' ', ""}, {'.', "0202"}, {',', "0201"}, {':', "0202 0505"}, {';', "0201 0505"}, {'-', "0434"}, {'+', "0444 2226"},
    {'=', "0343 0545"}, {'/', "0148"}, {'(', "~28060321"}, {')', "~08262301"}, {'[', "28080121"}, {']', "08282101"},
    {'#', "1228 3248 0444 0646"}, {'\'', "0806"}, {'"', "0806 2826"}, {'!', "0804 0202"}, {'?', "~070848462524 2222"},
    {'_', "0141"}, {'%', "0248 o08282606 o24444222"}, {'*', "1537 3517 0646"}, {'<', "460442"}, {'>', "064402"},
    {'&', "~4204060828263402020043"}, {'~', "~0405264544"}, {'|', "0900"}};
// clang-format on

/// Makes a curve by cutting corners repeatedly (Chaikin 1974); the ends of an open stroke stay.
[[nodiscard]] inline PenStroke smooth(PenStroke stroke, bool closed) {
  for (int times = 0; times < 3; ++times) {
    PenStroke cut;
    if (!closed) cut.push_back(stroke.front());
    for (std::size_t i = 0; i + (closed ? 0 : 1) < stroke.size(); ++i) {
      const PenPoint a = stroke[i], b = stroke[(i + 1) % stroke.size()];
      cut.push_back({0.75 * a.x + 0.25 * b.x, 0.75 * a.y + 0.25 * b.y});
      cut.push_back({0.25 * a.x + 0.75 * b.x, 0.25 * a.y + 0.75 * b.y});
    }
    if (!closed) cut.push_back(stroke.back());
    stroke = std::move(cut);
  }
  if (closed) stroke.push_back(stroke.front());
  return stroke;
}

/// The strokes of a character, y from the base line upwards; a small box if the font lacks it.
[[nodiscard]] inline std::vector<PenStroke> pen_strokes(char character) {
  const auto* glyph = std::find_if(std::begin(pen_glyphs), std::end(pen_glyphs),
                                   [&](const auto& entry) { return entry.first == character; });
  std::string_view text = glyph == std::end(pen_glyphs) ? "0242460602" : glyph->second;
  std::vector<PenStroke> strokes;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    const bool closed = word[0] == 'o', curved = closed || word[0] == '~';
    PenStroke stroke;
    for (std::size_t i = curved; i + 1 < word.size(); i += 2)
      stroke.push_back({static_cast<double>(word[i] - '0'), static_cast<double>(word[i + 1] - '2')});
    strokes.push_back(curved ? smooth(std::move(stroke), closed) : std::move(stroke));
  }
  return strokes;
}

/// The distance to the next character, in units of the grid.
[[nodiscard]] inline double pen_advance(char character) {
  if (character == ' ') return 3.5;
  double right = 0;
  for (const PenStroke& stroke : pen_strokes(character))
    for (const PenPoint& point : stroke) right = std::max(right, point.x);
  return right + 2;
}

/// A UTF-8 text with every character beyond ASCII replaced by one that the font lacks.
[[nodiscard]] inline std::string pen_text(std::string_view text) {
  std::string drawn;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0xC0) drawn += '\x7F';
    if (byte < 0x80) drawn += byte < 0x20 ? ' ' : c;
  }
  return drawn;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
