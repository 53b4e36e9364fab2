// Definitions of matrix.hpp.
#pragma once

#include <string>

#include "../../core/error.hpp"
#include "matrix.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu::detail {

MUSICGEN_INLINE Index checked_size(Index rows, Index columns, std::size_t bytes_of_one) {
  Index count = 0, bytes = 0;
  if (rows < 0 || columns < 0 || __builtin_mul_overflow(rows, columns, &count) ||
      __builtin_mul_overflow(count, static_cast<Index>(bytes_of_one), &bytes))
    throw Error("matrix: " + std::to_string(rows) + " rows, " + std::to_string(columns) + " columns");
  return count;
}

MUSICGEN_INLINE void require_one_row(Index rows) {
  if (rows != 1) throw Error("matrix: " + std::to_string(rows) + " rows where there is to be one");
}

MUSICGEN_INLINE void require_shape(const char* name, Index rows, Index columns, Index expected_rows,
                                   Index expected_columns) {
  if (rows == expected_rows && columns == expected_columns) return;
  const auto shape = [](Index m, Index n) { return "(" + std::to_string(m) + ", " + std::to_string(n) + ")"; };
  throw Error(std::string(name) + ": " + shape(rows, columns) + ", expected " + shape(expected_rows, expected_columns));
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu::detail
