// Small things done to texts, without a locale.
#pragma once

#include <string>
#include <string_view>

namespace musicgen::detail {

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

}  // namespace musicgen::detail
