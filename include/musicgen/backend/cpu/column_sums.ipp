// Definitions of column_sums.hpp.
#pragma once

#include <algorithm>

#include "../../core/thread_pool.hpp"
#include "column_sums.hpp"

namespace musicgen::inline MUSICGEN_ABI::cpu {

template <class Scalar>
void add_column_sums(View<const Scalar> m, Scalar* sums) {
  constexpr Index width = 64;
  thread_pool().parallel_for((m.columns + width - 1) / width, [&](Index block) {
    const Index first = block * width, count = std::min(width, m.columns - first);
    Scalar sum[width] = {};
    for (Index i = 0; i < m.rows; ++i) {
      const Scalar* row = m.data + i * m.row_stride + first;
      if (count == width)
        for (Index j = 0; j < width; ++j) sum[j] += row[j];  // vectorized, since the count is constant
      else
        for (Index j = 0; j < count; ++j) sum[j] += row[j];
    }
    for (Index j = 0; j < count; ++j) sums[first + j] += sum[j];
  });
}

}  // namespace musicgen::inline MUSICGEN_ABI::cpu
