// Small functions on texts, independent of the locale.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// With ASCII letters in lower case; everything else is unchanged.
[[nodiscard]] std::string lower_case(std::string_view text);

/// Without blanks and zero bytes at either end.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// "15.25", with at most `digits` digits.
[[nodiscard]] std::string number_text(double value, int digits = 6);

/// A text from outside, made safe for a message: its first `most` bytes, with a question mark for every byte that a
/// terminal might interpret.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 60);

/// "1 song", "2 songs"
[[nodiscard]] std::string counted(std::integral auto count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail

#ifndef MUSICGEN_COMPILED
#include "text.ipp"
#endif
