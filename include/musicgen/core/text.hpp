// Small things done to texts, without a locale.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// ASCII letters in lower case, everything else as it is.
[[nodiscard]] std::string lower_case(std::string_view text);

/// Without blanks and zeros at either end.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// "15.25", in so many digits at most.
[[nodiscard]] std::string number_text(double value, int digits = 6);

/// A text from outside, for a message: its first `most` bytes, a question mark for every one that a terminal may take
/// for something else.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 60);

/// "1 song", "2 songs"
[[nodiscard]] std::string counted(std::integral auto count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail

#ifndef MUSICGEN_COMPILED
#include "text.ipp"
#endif
