// The embedding, together with the first layer's inputs: since there are only V tokens, the first GRU layer's products
// with its inputs are a table of V rows, computed once for all steps.
//
//   e_i = E[token_i]             table = biases + E W'  (V, 4H)       gates_i = table[token_i]
//   S[v] = sum over i with token_i = v of dgates_i                    dE = S W        dW = S' E
#pragma once

#include <span>

#include "../../core/config.hpp"
#include "../../tokens/vocabulary.hpp"
#include "gru.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// @param table   (V, C)
/// @param tokens  (N), each in [0, V)
/// @param out     (N, C), assigned
/// @throws Error  naming the first token out of range
template <class Scalar>
void gather_rows(const Matrix<Scalar>& table, std::span<const Token> tokens, Matrix<Scalar>& out);

/// Adds each row to the table's row of its token, in ascending order.
/// @param rows   (N, C)
/// @param table  (V, C), added to
template <class Scalar>
void add_rows(std::span<const Token> tokens, const Matrix<Scalar>& rows, Matrix<Scalar>& table);

namespace detail {
/// Adds the contexts' share to a row of gates. Each row of the table includes the biases, which gates must have only
/// once.
template <class Scalar>
void add_contexts(const Matrix<Scalar>& table, const RowVector<Scalar>& biases, std::span<const Token> contexts,
                  Scalar* gates) {
  for (const Token row : contexts)
    for (Index c = 0; c < table.cols(); ++c) gates[c] += table(row, c) - biases[c];
}
}  // namespace detail

/// What the first layer's steps start from.
/// @param embedding  (V, E)
/// @param contexts   (N, parts), or none: rows whose embeddings are added to the token's
/// @param table      (V, 4H), workspace
/// @param gates      (N, 4H), assigned
template <class Scalar>
void embedding_forward(const Matrix<Scalar>& embedding, const GruParameters<Scalar>& first_layer,
                       std::span<const Token> tokens, std::span<const Token> contexts, Matrix<Scalar>& table,
                       Matrix<Scalar>& gates);

/// @param dgates      (N, 4H)
/// @param table       (V, 4H), workspace
/// @param de          (V, E), workspace
/// @param dembedding  (V, E), added to
/// @param dw_ih       (3H, E), the first layer's, added to
template <class Scalar>
void embedding_backward(const Matrix<Scalar>& embedding, const GruParameters<Scalar>& first_layer,
                        std::span<const Token> tokens, std::span<const Token> contexts, const Matrix<Scalar>& dgates,
                        Matrix<Scalar>& table, Matrix<Scalar>& de, Matrix<Scalar>& dembedding, Matrix<Scalar>& dw_ih);

}  // namespace musicgen::inline MUSICGEN_ABI::cpu

#ifndef MUSICGEN_COMPILED
#include "embedding.ipp"
#endif
