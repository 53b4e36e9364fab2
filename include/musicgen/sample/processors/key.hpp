// Only notes of a key, or of given pitch classes.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "../../core/config.hpp"
#include "../../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Only notes of these pitch classes. The grammar looks ahead; classes that are changed while a stream plays apply from
/// the next note on.
class PitchClasses {
 public:
  /// @param classes  0 is C, 11 is B; other numbers are taken modulo 12
  explicit PitchClasses(std::span<const int> classes);

  [[nodiscard]] bool forbids(TokenEvent event) const {
    return event.kind == TokenKind::note_on && !wanted_[static_cast<std::size_t>(event.value % 12)];
  }

 private:
  std::array<bool, 12> wanted_{};
};

/// Only notes of a major or natural minor key.
struct Key {
  int tonic = 0;  ///< 0 is C, 11 is B; other numbers are taken modulo 12
  bool minor = false;

  /// Reads "E minor", "C# major", "Bb", "F#m", "Gb:maj" (the form of KeySpan::label()): a letter, perhaps with # or b,
  /// and major unless minor is given.
  /// @throws Error  saying what is accepted
  [[nodiscard]] static Key parse(std::string_view text);

  [[nodiscard]] bool forbids(TokenEvent event) const;
  bool operator==(const Key&) const = default;
};

/// A key as in TokenKind::key.
[[nodiscard]] constexpr int key_word(const Key& key) {
  return (key.tonic % 12 + 12) % 12 + (key.minor ? 12 : 0);
}

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "key.ipp"
#endif
