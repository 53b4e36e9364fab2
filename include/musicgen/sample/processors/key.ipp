// Definitions of key.hpp.
#pragma once

#include <cstddef>
#include <string>

#include "../../core/error.hpp"
#include "../../core/text.hpp"
#include "key.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE PitchClasses::PitchClasses(std::span<const int> classes) {
  for (const int c : classes) wanted_[static_cast<std::size_t>((c % 12 + 12) % 12)] = true;
}

MUSICGEN_INLINE bool Key::forbids(TokenEvent event) const {
  constexpr std::array<bool, 12> of_major{true, false, true, false, true, true, false, true, false, true, false, true};
  const int major_tonic = minor ? tonic + 3 : tonic;
  return event.kind == TokenKind::note_on &&
         !of_major[static_cast<std::size_t>(((event.value - major_tonic) % 12 + 12) % 12)];
}

MUSICGEN_INLINE Key Key::parse(std::string_view text) {
  constexpr std::string_view letters = "cdefgab";
  constexpr std::array<int, 7> classes{0, 2, 4, 5, 7, 9, 11};
  const std::string lower = detail::lower_case(detail::trimmed(text));
  const std::size_t letter = lower.empty() ? letters.npos : letters.find(lower[0]);
  Key key;
  bool known = letter != letters.npos;
  if (known) {
    key.tonic = classes[letter];
    std::string_view rest(lower);
    rest.remove_prefix(1);
    if (rest.starts_with('#') || rest.starts_with('b')) {
      key.tonic += rest[0] == '#' ? 1 : -1;
      rest.remove_prefix(1);
    }
    if (rest.starts_with(':')) rest.remove_prefix(1);
    rest = detail::trimmed(rest);
    const bool capital = detail::trimmed(text).ends_with('M');  // "EM" is major
    key.minor = rest == "minor" || rest == "min" || (rest == "m" && !capital);
    known = key.minor || rest.empty() || rest == "major" || rest == "maj" || rest == "m";
    key.tonic = (key.tonic + 12) % 12;
  }
  if (!known)
    throw Error(
        "a key is a letter from A to G, perhaps with # or b, and major or minor, such as \"E minor\", \"C# "
        "major\" or \"Bb\"; this is none: \"" +
        detail::printable(text) + "\"");
  return key;
}

}  // namespace musicgen::inline MUSICGEN_ABI
