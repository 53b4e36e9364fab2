// Embedding, and the first layer's inputs with it: as there are only V tokens, what the first GRU layer makes of its
// input is a table of V rows, computed once for all steps.
//
//   e_i = E[token_i]             table = biases + E W'  (V, 4H)       gates_i = table[token_i]
//   S[v] = sum over i with token_i = v of dgates_i                    dE = S W        dW = S' E
#pragma once

#include <algorithm>
#include <span>
#include <string>

#include "../../core/config.hpp"
#include "../../core/error.hpp"
#include "../../core/thread_pool.hpp"
#include "../../tokens/vocabulary.hpp"
#include "gru.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

/// @param table   (V, C)
/// @param tokens  (N), each in [0, V)
/// @param out     (N, C), assigned
/// @throws Error  naming the first token out of range
template <class Scalar>
void gather_rows(const Matrix<Scalar>& table, std::span<const Token> tokens, Matrix<Scalar>& out) {
  for (std::size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i] < 0 || tokens[i] >= table.rows())
      throw Error("embedding: token " + std::to_string(tokens[i]) + " at position " + std::to_string(i) +
                  ": the vocabulary has " + std::to_string(table.rows()) + " tokens");
  out.resize(static_cast<Index>(tokens.size()), table.cols());
  constexpr Index rows = 256;
  thread_pool().parallel_for((out.rows() + rows - 1) / rows, [&](Index block) {
    for (Index i = block * rows; i < std::min(out.rows(), (block + 1) * rows); ++i)
      out.row(i) = table.row(tokens[static_cast<std::size_t>(i)]);
  });
}

/// Adds each row to the table's row of its token, in ascending order.
/// @param rows   (N, C)
/// @param table  (V, C), added to
template <class Scalar>
void add_rows(std::span<const Token> tokens, const Matrix<Scalar>& rows, Matrix<Scalar>& table) {
  constexpr Index width = 64;  // columns are shared out: no two threads add to one element
  thread_pool().parallel_for((table.cols() + width - 1) / width, [&](Index block) {
    const Index first = block * width, count = std::min(width, table.cols() - first);
    for (Index i = 0; i < rows.rows(); ++i)
      table.row(tokens[static_cast<std::size_t>(i)]).segment(first, count) += rows.row(i).segment(first, count);
  });
}

/// What the first layer's steps start from.
/// @param embedding  (V, E)
/// @param table      (V, 4H), memory to work in
/// @param gates      (N, 4H), assigned
template <class Scalar>
void embedding_forward(const Matrix<Scalar>& embedding, const GruParameters<Scalar>& first_layer,
                       std::span<const Token> tokens, Matrix<Scalar>& table, Matrix<Scalar>& gates) {
  gru_inputs(first_layer, view(embedding), table);
  gather_rows(table, tokens, gates);
}

/// @param dgates      (N, 4H)
/// @param table       (V, 4H), memory to work in
/// @param de          (V, E), memory to work in
/// @param dembedding  (V, E), added to
/// @param dw_ih       (3H, E), the first layer's, added to
template <class Scalar>
void embedding_backward(const Matrix<Scalar>& embedding, const GruParameters<Scalar>& first_layer,
                        std::span<const Token> tokens, const Matrix<Scalar>& dgates, Matrix<Scalar>& table,
                        Matrix<Scalar>& de, Matrix<Scalar>& dembedding, Matrix<Scalar>& dw_ih) {
  table.setZero(embedding.rows(), dgates.cols());
  add_rows(tokens, dgates, table);
  gru_inputs_backward<Scalar>(first_layer, view(embedding), table, &de, dw_ih);
  dembedding += de;
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
