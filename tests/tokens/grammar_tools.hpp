// What tests of the grammar have in common.
#pragma once

#include <functional>
#include <musicgen/core/error.hpp>
#include <musicgen/tokens/grammar.hpp>
#include <vector>

namespace musicgen::test {

/// A mask that forbids the words for which `is_forbidden(TokenEvent)`.
inline std::vector<std::uint8_t> mask_of(const Vocabulary& vocabulary,
                                         const std::function<bool(TokenEvent)>& is_forbidden) {
  std::vector<std::uint8_t> mask;
  for (Token t = 0; t < vocabulary.size(); ++t) mask.push_back(is_forbidden(vocabulary[t]));
  return mask;
}

/// The tokens that may come next, by the mask.
inline std::vector<Token> allowed_tokens(const Grammar& grammar) {
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(grammar.vocabulary().size()), 7);
  grammar.allowed(mask);
  std::vector<Token> tokens;
  for (std::size_t t = 0; t < mask.size(); ++t)
    if (mask[t] == 1)
      tokens.push_back(static_cast<Token>(t));
    else if (mask[t] != 0)
      throw Error("a mask entry was left unassigned");
  return tokens;
}

/// Ends a song at the grammar's position.
inline void add_closing(std::vector<Token>& song, const Grammar& grammar) {
  const Closing end = closing(grammar);
  song.resize(song.size() - static_cast<std::size_t>(end.drop));
  song.insert(song.end(), end.tokens.begin(), end.tokens.end());
}

/// A grammar that has followed a song; throws if it refuses a token.
inline Grammar after(const Vocabulary& vocabulary, bool canonical, const std::vector<Token>& song) {
  Grammar grammar(vocabulary, {.canonical = canonical});
  for (const Token token : song) grammar.advance(token);
  return grammar;
}

}  // namespace musicgen::test
