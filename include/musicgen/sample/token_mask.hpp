// Internal: the tokens that may come next, by kinds, for those that take some away.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "../core/config.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// A view, as cheap to copy as a span.
struct TokenMask {
  const Vocabulary& vocabulary;
  std::span<std::uint8_t> allowed;  ///< (V) nonzero: may come

  /// False for `no_token`.
  [[nodiscard]] bool allows(Token token) const {
    return token != no_token && allowed[static_cast<std::size_t>(token)] != 0;
  }
  [[nodiscard]] bool allows_any(TokenKind kind) const {
    const auto words = vocabulary.tokens(kind);
    return std::any_of(words.begin(), words.end(), [&](Token token) { return allows(token); });
  }
  void forbid(Token token) const { allowed[static_cast<std::size_t>(token)] = 0; }
  /// Forbids the tokens of a kind for which `unwanted(value)`.
  template <class Unwanted>
  void forbid_if(TokenKind kind, Unwanted&& unwanted) const {
    for (const Token token : vocabulary.tokens(kind))
      if (unwanted(vocabulary[token].value)) forbid(token);
  }
  void forbid(TokenKind kind) const {
    forbid_if(kind, [](int) { return true; });
  }
  void only(TokenKind kind, int wanted) const {
    forbid_if(kind, [=](int value) { return value != wanted; });
  }
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
