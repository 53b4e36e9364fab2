// The logits of the next token, as processors change them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "../core/config.hpp"
#include "../tokens/grammar.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// A view of the logits (V), which processors change in place, one after another. A forbidden token (-infinity) stays
/// forbidden, whatever is added or set. Cheap to copy; valid within a call.
class Logits {
 public:
  static constexpr double forbidden = -std::numeric_limits<double>::infinity();

  /// @param values   (V)
  /// @param grammar  the one that has forbidden tokens so far; nullptr: none has
  Logits(std::span<double> values, const Vocabulary& vocabulary, const GrammarRules* grammar = nullptr)
      : values_(values), vocabulary_(&vocabulary), grammar_(grammar) {}

  [[nodiscard]] const Vocabulary& vocabulary() const { return *vocabulary_; }
  [[nodiscard]] const GrammarRules* grammar() const { return grammar_; }
  /// The tokens of a kind, by value.
  [[nodiscard]] std::span<const Token> tokens(TokenKind kind) const { return vocabulary_->tokens(kind); }
  /// The tokens of 1, 2, ... steps of time.
  [[nodiscard]] std::span<const Token> times() const { return tokens(TokenKind::time); }

  [[nodiscard]] int size() const { return static_cast<int>(values_.size()); }
  /// -infinity for `no_token`.
  [[nodiscard]] double operator[](Token token) const { return token == no_token ? forbidden : values_[at(token)]; }
  /// Whether the token may come, by all rules applied so far.
  [[nodiscard]] bool allows(Token token) const { return token != no_token && (*this)[token] != forbidden; }

  /// Infinity puts a token before all others; NaN forbids it. Here and below, `no_token`, which vocabularies return for
  /// tokens that they lack, is ignored.
  void set(Token token, double logit) const {
    if (token == no_token) return;
    constexpr double most = std::numeric_limits<double>::max();
    double& value = values_[at(token)];
    if (value == forbidden) return;
    const bool is_number = logit == logit;
    value = !is_number ? forbidden : logit < most ? logit : most;
  }
  /// log 2 makes a token twice as likely.
  void add(Token token, double amount) const { set(token, (*this)[token] + amount); }
  void add(TokenKind kind, double amount) const {
    for (const Token token : tokens(kind)) add(token, amount);
  }
  void forbid(Token token) const {
    if (token != no_token) values_[at(token)] = forbidden;
  }
  void forbid(TokenKind kind) const {
    for (const Token token : tokens(kind)) forbid(token);
  }
  /// Forbids all others.
  void only(Token token) const {
    for (Token other = 0; other < size(); ++other)
      if (other != token) forbid(other);
  }

 private:
  static std::size_t at(Token token) { return static_cast<std::size_t>(token); }

  std::span<double> values_;
  const Vocabulary* vocabulary_;
  const GrammarRules* grammar_;
};

}  // namespace musicgen::inline MUSICGEN_ABI
