// Definitions of embedding.hpp.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "../../core/error.hpp"
#include "../../core/thread_pool.hpp"
#include "embedding.hpp"
#include "simd/arithmetic.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

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
      std::copy_n(table.row(tokens[static_cast<std::size_t>(i)]).data(), table.cols(), out.row(i).data());
  });
}

template <class Scalar>
void add_rows(std::span<const Token> tokens, const Matrix<Scalar>& rows, Matrix<Scalar>& table) {
  constexpr Index width = 64;  // each thread has its own columns: no two add to one element
  thread_pool().parallel_for((table.cols() + width - 1) / width, [&](Index block) {
    const Index first = block * width, count = std::min(width, table.cols() - first);
    for (Index i = 0; i < rows.rows(); ++i)
      simd::add_row(count, &rows(i, first), &table(tokens[static_cast<std::size_t>(i)], first));
  });
}

template <class Scalar>
void embedding_forward(const Matrix<Scalar>& embedding, const GruParameters<Scalar>& first_layer,
                       std::span<const Token> tokens, std::span<const Token> contexts, Matrix<Scalar>& table,
                       Matrix<Scalar>& gates) {
  gru_inputs(first_layer, view(embedding), table);
  gather_rows(table, tokens, gates);
  if (contexts.empty()) return;
  const std::size_t parts = contexts.size() / tokens.size();
  RowVector<Scalar> biases(table.cols());
  detail::gru_biases(first_layer, biases.data());
  thread_pool().parallel_for(gates.rows(), [&](Index i) {
    detail::add_contexts(table, biases, contexts.subspan(static_cast<std::size_t>(i) * parts, parts),
                         gates.row(i).data());
  });
}

template <class Scalar>
void embedding_backward(const Matrix<Scalar>& embedding, const GruParameters<Scalar>& first_layer,
                        std::span<const Token> tokens, std::span<const Token> contexts, const Matrix<Scalar>& dgates,
                        Matrix<Scalar>& table, Matrix<Scalar>& de, Matrix<Scalar>& dembedding, Matrix<Scalar>& dw_ih) {
  detail::require_shape_of("embedding: gradient", dembedding, embedding);
  detail::require_shape("embedding: dgates", dgates.rows(), dgates.cols(), std::ssize(tokens),
                        4 * first_layer.w_hh.cols());
  table.setZero(embedding.rows(), dgates.cols());
  add_rows(tokens, dgates, table);
  const std::size_t parts = contexts.size() / tokens.size();
  std::vector<Token> rows(parts == 0 ? 0 : tokens.size());
  for (std::size_t k = 0; k < parts; ++k) {
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = contexts[i * parts + k];
    add_rows<Scalar>(rows, dgates, table);
  }
  gru_inputs_backward<Scalar>(first_layer, view(embedding), table, &de, dw_ih);
  simd::add_row(de.size(), de.data(), dembedding.data());
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
