// Definitions of text.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>

#include "text.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

MUSICGEN_INLINE std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

MUSICGEN_INLINE std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks(" \t\n\v\f\r\0", 7);
  const auto first = text.find_first_not_of(blanks);
  return first == text.npos ? std::string_view() : text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

MUSICGEN_INLINE std::string number_text(double value, int digits) {
  std::array<char, 32> text{};
  return std::string(
      text.data(),
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, digits).ptr);
}

MUSICGEN_INLINE std::string printable(std::string_view text, std::size_t most) {
  std::string shown(text.substr(0, most));
  std::replace_if(
      shown.begin(), shown.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }, '?');
  return shown + (text.size() > most ? "..." : "");
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
