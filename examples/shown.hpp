// Texts from files, for a terminal.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

/// The text's first `most` bytes, a question mark for every one that a terminal may take for something else.
inline std::string shown(std::string_view text, std::size_t most = 60) {
  std::string all(text.substr(0, most));
  std::replace_if(
      all.begin(), all.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }, '?');
  return all + (text.size() > most ? "..." : "");
}
