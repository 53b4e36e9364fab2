// Lines of tables.
#pragma once

#include <array>
#include <cstdio>
#include <string>

/// The output of printf, up to 255 characters.
template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}
