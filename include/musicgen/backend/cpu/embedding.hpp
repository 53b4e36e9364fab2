// Embedding: a row of a table for each token.
//
//   e_i = E[token_i]            dE[v] = sum over i with token_i = v of de_i
#pragma once

#include <span>
#include <string>

#include "../../core/error.hpp"
#include "../../tokens/vocabulary.hpp"
#include "matrix.hpp"

namespace musicgen::cpu {

/// @param table   (V, E)
/// @param tokens  (N), each in [0, V)
/// @param out     (N, E), assigned
/// @throws Error  naming the first token out of range
template <class Scalar>
void embedding_forward(const Matrix<Scalar>& table, std::span<const Token> tokens, Matrix<Scalar>& out) {
  out.resize(static_cast<Index>(tokens.size()), table.cols());
  for (Index i = 0; i < out.rows(); ++i) {
    const Token token = tokens[static_cast<std::size_t>(i)];
    if (token < 0 || token >= table.rows())
      throw Error("embedding: token " + std::to_string(token) + " at position " + std::to_string(i) +
                  ": the vocabulary has " + std::to_string(table.rows()) + " tokens");
    out.row(i) = table.row(token);
  }
}

/// @param dout    (N, E)
/// @param dtable  (V, E), added to
template <class Scalar>
void embedding_backward(std::span<const Token> tokens, const Matrix<Scalar>& dout, Matrix<Scalar>& dtable) {
  for (Index i = 0; i < dout.rows(); ++i) dtable.row(tokens[static_cast<std::size_t>(i)]) += dout.row(i);
}

}  // namespace musicgen::cpu
