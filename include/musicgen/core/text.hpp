// Small things done to texts, without a locale.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// ASCII letters in lower case, everything else as it is.
inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

/// Without blanks and zeros at either end.
inline std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks(" \t\n\v\f\r\0", 7);
  const auto first = text.find_first_not_of(blanks);
  return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

/// "15.25", in so many digits at most.
inline std::string number_text(double value, int digits = 6) {
  std::array<char, 32> text{};
  return std::string(
      text.data(),
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, digits).ptr);
}

/// A text from outside, for a message: its first `most` bytes, a question mark for every one that a terminal may take
/// for something else.
inline std::string printable(std::string_view text, std::size_t most = 60) {
  std::string shown(text.substr(0, most));
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }, '?');
  return shown + (text.size() > most ? "..." : "");
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
