// Internal: reads the lines of POP909's annotations.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../core/files.hpp"
#include "../core/text.hpp"
#include "analysis.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// The lines of a file, cut into fields at blanks. Empty lines are left out.
class FieldTable {
 public:
  enum Presence { required, optional };

  /// @throws Error  if the file cannot be read; if it is optional and does not exist, there are no rows
  explicit FieldTable(std::filesystem::path file, Presence presence = required) : file_(std::move(file)) {
    std::error_code ignored;
    if (presence == optional && !std::filesystem::exists(file_, ignored)) return;
    const std::vector<unsigned char> bytes = read_bytes(file_);
    content_.assign(bytes.begin(), bytes.end());
    const std::string_view text(content_);
    std::size_t line = 1;
    for (std::size_t begin = 0; begin < text.size(); ++line) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      Row row{line, fields_of(text.substr(begin, end - begin))};
      if (!row.fields.empty()) rows_.push_back(std::move(row));
      begin = end + 1;
    }
  }

  std::size_t rows() const { return rows_.size(); }

  /// @throws Error  if the row has no such field
  std::string text(std::size_t row, std::size_t column) const {
    if (column >= rows_[row].fields.size()) throw fault(row, "has too few fields");
    return rows_[row].fields[column];
  }

  /// @throws Error  if it is not a finite number
  double number(std::size_t row, std::size_t column) const {
    const std::string field = text(row, column);
    double value = 0;
    const auto [rest, code] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (code != std::errc() || rest != field.data() + field.size() || !std::isfinite(value))
      throw fault(row, "has no number in field " + std::to_string(column + 1));
    return value;
  }

  /// @throws Error  if it is not a number from `least` to `most`
  double number(std::size_t row, std::size_t column, double least, double most) const {
    const double value = number(row, column);
    if (value < least || value > most)
      throw fault(row, "has no number from " + number_text(least, 7) + " to " + number_text(most, 7) + " in field " +
                           std::to_string(column + 1));
    return value;
  }

  /// A time, in seconds.  @throws Error  for one beyond the length of any song
  Seconds time(std::size_t row, std::size_t column) const { return Seconds(number(row, column, -1e6, 1e6)); }

  /// The last field, as a whole number from 0 to 10000.
  int last_count(std::size_t row) const {
    const double value = number(row, rows_[row].fields.size() - 1);
    if (value < 0 || value > 10000 || value != std::floor(value)) throw fault(row, "has no count at its end");
    return static_cast<int>(value);
  }

  Error fault(std::size_t row, const std::string& what) const {
    return file_error(file_, "line " + std::to_string(rows_[row].line) + " " + what);
  }

 private:
  struct Row {
    std::size_t line;
    std::vector<std::string> fields;
  };

  static std::vector<std::string> fields_of(std::string_view line) {
    constexpr std::string_view blanks(" \t\r\v\f\0", 6);
    std::vector<std::string> fields;
    for (std::size_t begin = line.find_first_not_of(blanks); begin != line.npos;) {
      const std::size_t end = std::min(line.find_first_of(blanks, begin), line.size());
      fields.emplace_back(line.substr(begin, end - begin));
      begin = line.find_first_not_of(blanks, end);
    }
    return fields;
  }

  std::filesystem::path file_;
  std::string content_;
  std::vector<Row> rows_;
};

/// Takes "Eb" from the front of a text.
inline std::optional<int> take_pitch_class(std::string_view& text) {
  constexpr std::string_view letters = "CDEFGAB";
  constexpr std::array classes{0, 2, 4, 5, 7, 9, 11};
  const std::size_t letter = text.empty() ? letters.npos : letters.find(text[0]);
  if (letter == letters.npos) return std::nullopt;
  int pitch_class = classes[letter];
  text.remove_prefix(1);
  for (; text.starts_with('#') || text.starts_with('b'); text.remove_prefix(1)) pitch_class += text[0] == '#' ? 1 : 11;
  return pitch_class % 12;
}

/// "Eb:min"
inline std::optional<KeySpan> parse_key_label(std::string_view text) {
  const auto tonic = take_pitch_class(text);
  if (!tonic || (text != ":maj" && text != ":min")) return std::nullopt;
  KeySpan key;
  key.tonic = *tonic;
  key.minor = text == ":min";
  return key;
}

/// A degree of a chord above its root, such as "b7": semitones.
inline std::optional<int> degree_semitones(std::string_view text) {
  constexpr std::array semitones{0, 2, 4, 5, 7, 9, 11};
  int shift = 0;
  for (; text.starts_with('#') || text.starts_with('b'); text.remove_prefix(1)) shift += text[0] == '#' ? 1 : -1;
  if (text.size() != 1 || text[0] < '1' || text[0] > '9') return std::nullopt;
  return (semitones[static_cast<std::size_t>(text[0] - '1') % 7] + shift + 12) % 12;
}

/// "Eb:min7/b3" (Harte et al. 2005), reduced to its triad and bass.
inline std::optional<ChordSpan> parse_chord(std::string_view text) {
  ChordSpan chord;
  if (text == "N") return chord;
  const auto root = take_pitch_class(text);
  if (!root || !text.starts_with(':')) return std::nullopt;
  text.remove_prefix(1);
  chord.root = chord.bass = *root;
  const std::size_t slash = text.find('/');
  if (slash != text.npos) {
    const auto degree = degree_semitones(text.substr(slash + 1));
    if (!degree) return std::nullopt;
    chord.bass = (chord.root + *degree) % 12;
    text = text.substr(0, slash);
  }
  constexpr std::array<std::pair<std::string_view, ChordQuality>, 8> beginnings{{{"maj", ChordQuality::major},
                                                                                 {"min", ChordQuality::minor},
                                                                                 {"dim", ChordQuality::diminished},
                                                                                 {"hdim", ChordQuality::diminished},
                                                                                 {"aug", ChordQuality::augmented},
                                                                                 {"sus2", ChordQuality::sus2},
                                                                                 {"sus4", ChordQuality::sus4},
                                                                                 {"7", ChordQuality::major}}};
  for (const auto& [beginning, quality] : beginnings)
    if (text.starts_with(beginning)) chord.quality = quality;
  return chord.quality == ChordQuality::none ? std::nullopt : std::optional(chord);
}

struct PhraseLabel {
  char letter;
  int bars;
};

/// "i4A8B8"; an empty list if there is no such file.
/// @throws Error  for anything else
inline std::vector<PhraseLabel> read_phrase_labels(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return {};
  const std::vector<unsigned char> bytes = read_bytes(file);
  const std::string content(bytes.begin(), bytes.end());
  std::string_view text = trimmed(content);
  std::vector<PhraseLabel> labels;
  while (!text.empty()) {
    const char letter = text[0];
    int bars = 0;
    const auto [rest, code] = std::from_chars(text.data() + 1, text.data() + text.size(), bars);
    const bool is_letter = (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
    if (!is_letter || code != std::errc() || bars < 0 || bars > 10000)
      throw file_error(file, "no phrases: \"" + printable(text) + "\"");
    labels.push_back({letter, bars});
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  }
  return labels;
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
